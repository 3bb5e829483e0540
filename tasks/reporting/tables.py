"""Tables as plain data, for the terminal and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from tasks.evaluation.evaluation import MEAN
from tasks.reporting.labels import figure_label, question_label

ABSENT = "–"
"""Stands where there is no figure."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    Attributes:
        title: One line.
        columns: Headings.
        rows: As many texts per row as there are columns.
        strong: (row, column) of what is to stand out.
        words: Number of columns from the left that hold words; the others hold numbers, aligned right.

    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    words: int = 1

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"expected {len(self.columns)} texts per row, got {row}")


def shots_table(
    cells: pl.DataFrame,
    question: str,
    figures: Sequence[tuple[str, int]] = (("hit_rate", 10), ("ndcg", 10)),
    methods: Sequence[str] | None = None,
) -> Table:
    """Figures of methods by number of shots; the best of each column stands out.

    Args:
        cells: ``Evaluation.cells``.
        question: Which question to show.
        figures: Metrics and cuts, one group of rows each.
        methods: Rows, in this order; all by default.

    Raises:
        ValueError: The question was not evaluated.

    """
    own = cells.filter((pl.col("question") == question) & (pl.col("variant") == ""))
    if own.is_empty():
        held = cells["question"].unique(maintain_order=True).to_list()
        raise ValueError(f"{question} was not evaluated; there is {', '.join(held) or 'nothing'}")
    shots = own["shots"].unique(maintain_order=True).to_list()
    known = own["method"].unique(maintain_order=True).to_list()
    names = [name for name in methods if name in known] if methods else known
    keys = ("method", "metric", "k", "shots")
    values = {tuple(row[key] for key in keys): row["value"] for row in own.iter_rows(named=True)}

    rows: list[tuple[str, ...]] = []
    strong: set[tuple[int, int]] = set()
    for metric, k in figures:
        block = [[values.get((name, metric, k, one)) for one in shots] for name in names]
        strong |= {(len(rows) + row, 2 + column) for row, column in _best(block)}
        for name, numbers in zip(names, block, strict=True):
            rows.append((figure_label(metric, k), name, *(_text(number) for number in numbers)))
    users = [values.get((names[0], "users", None, one)) for one in shots] if names else []
    rows.append(("users", "", *(ABSENT if count is None else f"{count:,.0f}" for count in users)))
    heads = tuple("mean, s ≥ 1" if one == MEAN else f"s = {one}" for one in shots)
    title = f"{question_label(question)}, by number of known events s (shots)"
    return Table(title, ("figure", "method", *heads), tuple(rows), frozenset(strong), words=2)


def _best(block: Sequence[Sequence[float | None]]) -> set[tuple[int, int]]:
    """Rows and columns of the highest value per column, where there is more than one to compare."""
    best = set()
    for column in range(len(block[0]) if block else 0):
        known = [(row[column], n) for n, row in enumerate(block) if _is_number(row[column])]
        if len(known) > 1:
            highest = max(value for value, _ in known if value is not None)
            best |= {(n, column) for value, n in known if value == highest}
    return best


def _is_number(value: float | None) -> bool:
    return value is not None and value == value


def _text(value: float | None) -> str:
    return f"{value:.4f}" if _is_number(value) else ABSENT


def to_markdown(table: Table) -> str:
    """The table in Markdown, title first as a line of its own, ends with a line break."""
    rule = ["---" if column < table.words else "---:" for column in range(len(table.columns))]
    lines = [_line(table.columns), _line(rule)]
    for n, row in enumerate(table.rows):
        texts = [text.replace("|", "\\|") for text in row]
        lines.append(
            _line([f"**{text}**" if (n, column) in table.strong else text for column, text in enumerate(texts)])
        )
    return "\n".join([f"{table.title}:", "", *lines, ""])


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"
