"""Tables of all methods on one data set and question."""

from collections.abc import Sequence

from tasks.evaluation.evaluation import MEAN
from tasks.method_names import HYBRID
from tasks.reporting.labels import figure_label
from tasks.reporting.results.wording import (
    ABSENT,
    BETTER,
    REFERENCE_MARK,
    WORSE,
    image_name,
    mark,
    number,
    place_title,
    shots_heads,
)
from tasks.reporting.tables import Table, to_markdown
from tasks.results.figures import REFERENCE
from tasks.results.lookup import Lookup, Place

_FIGURES = ("ndcg", "hit_rate")
_DIGITS = 9


def methods_table(lookup: Lookup, place: Place, metric: str) -> Table:
    """Methods by role in rows, numbers of shots in columns, the best of each column strong.

    The reference of each number of shots has a mark, and so has the NDCG@10 of the hybrid where it is significantly
    better or worse. Below the methods stand the figures of these references, and the numbers of users.
    """
    shots = (*place.shots, MEAN)
    names = tuple(name for name in place.roles if any(lookup.at(place, name, one, metric) for one in shots))
    rows, values = [], []
    for name in names:
        entries = [lookup.at(place, name, one, metric) for one in shots]
        values.append([None if entry is None else round(entry.value, _DIGITS) for entry in entries])
        texts = []
        for one, entry in zip(shots, entries, strict=True):
            marks = REFERENCE_MARK if entry and entry.is_reference and one != MEAN else ""
            if name == HYBRID and metric == "ndcg":
                marks += mark(entry, lookup.at(place, REFERENCE, one))
            texts.append(number(entry.value if entry else None) + marks)
        rows.append((place.roles[name], name, *texts))
    bars = [lookup.at(place, REFERENCE, one, metric) for one in shots]
    if any(bars):
        rows.append(("", "reference of each s", *(number(bar.value if bar else None) for bar in bars)))
    users = [[entry.users for name in names if (entry := lookup.at(place, name, one, metric))] for one in shots]
    rows.append(("", "users", *(f"{max(own):,}" if own else ABSENT for own in users)))
    title = f"{figure_label(metric, 10)}, {place_title(place)}"
    return Table(title, ("role", "method", *shots_heads(shots)), tuple(rows), _best(values), words=2)


def _best(values: Sequence[Sequence[float | None]]) -> frozenset[tuple[int, int]]:
    """Cells of the table that hold the highest value of their column, where there is more than one to compare."""
    best: set[tuple[int, int]] = set()
    for column in range(len(values[0]) if values else 0):
        known = [(value, row) for row, own in enumerate(values) if (value := own[column]) is not None]
        if len(known) > 1:
            best |= {(row, 2 + column) for value, row in known if value == max(known)[0]}
    return frozenset(best)


def bar_table(lookup: Lookup, place: Place) -> Table:
    """The reference, chosen beforehand, beside the baseline that turned out best."""
    references, best = lookup.references(place), lookup.best_baselines(place)
    rows = []
    for label, chosen in (("reference, chosen on half A", references), ("best baseline here", best)):
        rows.append((label, "method", *(chosen.get(one, ABSENT) for one in place.shots)))
        entries = [lookup.at(place, chosen[one], one) if one in chosen else None for one in place.shots]
        rows.append(("", "NDCG@10", *(number(entry.value if entry else None) for entry in entries)))
    title = "The reference beside the best baseline in hindsight"
    return Table(title, ("", "", *shots_heads(place.shots)), tuple(rows), words=2)


def place_section(lookup: Lookup, place: Place, images: str) -> str:
    """Charts and tables of one data set and question.

    Args:
        lookup: The summary.
        place: The data set and question.
        images: Folder of the charts as the page names it.

    """
    lines = [f"## {place_title(place)}", ""]
    for metric in _FIGURES:
        lines.append(f"![{figure_label(metric, 10)} against shots]({images}/{image_name(place, metric)})")
    lines += [
        "",
        f"{REFERENCE_MARK} is the reference at that s. {BETTER} and {WORSE}: `hybrid` is significantly better or worse"
        " than it (paired permutation test over users, Holm's correction over all data sets, questions and s).",
        "The best of each column is bold.",
        "",
        *(to_markdown(methods_table(lookup, place, metric)) for metric in _FIGURES),
        to_markdown(bar_table(lookup, place)),
    ]
    return "\n".join(lines)
