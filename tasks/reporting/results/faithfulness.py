"""Whether the explanations of the hybrid hold: one table per data set and question."""

from collections.abc import Iterator

import polars as pl

from tasks.evaluation.evaluation import MEAN
from tasks.explanation.curves import DELETION, INSERTION
from tasks.explanation.verdict import verdict
from tasks.reporting.labels import explanation_label, question_label, scorer_label
from tasks.reporting.results.wording import places_of
from tasks.reporting.tables import ABSENT, Table, to_markdown
from tasks.uses import Use
from tasks.uses.faithfulness import CLAIMS, HELD, figure_of


def faithfulness_tables(use: Use, summary: pl.DataFrame) -> Iterator[str]:
    """One table per data set and question.

    Args:
        use: Faithfulness.
        summary: Its rows, as ``tasks.results.uses_summary`` has them.

    """
    yield f"Means over the s that were measured, in brackets 95 % bootstrap intervals over {use.unit}."
    yield ""
    for place in places_of(summary):
        own = summary.filter((pl.col("dataset") == place[0]) & (pl.col("question") == place[1]))
        yield from (to_markdown(faithfulness_table(use, own)), "")


def faithfulness_table(use: Use, summary: pl.DataFrame) -> Table:
    """Explanations in rows: how much better than random orders they do, and what that comes to.

    Args:
        use: Faithfulness.
        summary: Its rows of one data set and question.

    """
    means = {row["figure"]: row for row in summary.filter(pl.col("shots") == MEAN).iter_rows(named=True)}
    rows = []
    for claim in CLAIMS:
        own = {curve: means.get(figure_of(curve, *claim)) for curve in HELD}
        known = {curve: row for curve, row in own.items() if row is not None}
        if known:
            said = verdict([known[curve] for curve in (DELETION, INSERTION)]).partition(":")[0]
            cells = (_cell(row) for row in own.values())
            count = f"{max(row['n'] for row in known.values()):,}"
            rows.append((explanation_label(claim[0]), scorer_label(claim[1]), said, *cells, count))
    place = summary.row(0, named=True)
    title = f"Better than random orders by (nats), {place['dataset']}: {question_label(place['question'])}"
    return Table(title, ("explanation", "against", "they …", *HELD, use.unit), tuple(rows), words=3)


def _cell(row: dict[str, float] | None) -> str:
    if row is None:
        return ABSENT
    return f"{row['value']:+.3f} ({row['ci_low']:+.3f} … {row['ci_high']:+.3f})".replace("-", "−")
