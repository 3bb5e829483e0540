"""What the methods are used for beside lists of recommendations: a section per use, a table per figure and question."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.evaluation.evaluation import MEAN
from tasks.method_names import HYBRID
from tasks.reporting.labels import question_label
from tasks.reporting.results.faithfulness import faithfulness_tables
from tasks.reporting.results.wording import (
    ABSENT,
    BETTER,
    REFERENCE_MARK,
    WORSE,
    not_measured,
    number,
    places_of,
    shots_heads,
)
from tasks.reporting.tables import Table, to_markdown
from tasks.results.cell import SHOTS
from tasks.results.figures import REFERENCE
from tasks.results.goals import LEVEL
from tasks.uses import USES, Use

_DIGITS = 9


@dataclass(frozen=True)
class Figures:
    """Rows of one figure of a use on one data set and question.

    Attributes:
        place: Data set and question.
        shots: Numbers of shots, fewest first, and the mean.
        methods: In the order in which they are shown, the references' stand-in not among them.
        rows: Rows of the summary by method and shots.

    """

    place: tuple[str, str]
    shots: tuple[str, ...]
    methods: tuple[str, ...]
    rows: Mapping[tuple[str, str], Mapping[str, Any]]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Figures":
        """From the rows of one figure at one place."""
        rows = {(row["method"], row["shots"]): row for row in frame.iter_rows(named=True)}
        asked = set(frame["shots"])
        own = [name for name in frame["method"].unique(maintain_order=True) if name != REFERENCE]
        own.sort(key=lambda name: name == HYBRID)
        shots = tuple(one for one in (*SHOTS, MEAN) if one in asked)
        return cls((frame["dataset"][0], frame["question"][0]), shots, tuple(own), rows)


_TABLES: Mapping[str, Callable[[Use, pl.DataFrame], Iterator[str]]] = {"faithfulness": faithfulness_tables}
"""Uses whose figures are of one method alone; those of the others are compared."""


def uses_section(summary: pl.DataFrame, command: str) -> str:
    """Every use, those that were not measured in a line.

    Args:
        summary: As ``tasks.results.uses_summary`` has it.
        command: What measures a use, with ``{use}`` for its name.

    """
    return "\n".join(_use_section(use, summary.filter(pl.col("use") == use.name), command) for use in USES.values())


def _use_section(use: Use, summary: pl.DataFrame, command: str) -> str:
    lines = [f"## {use.title}", ""]
    if summary.is_empty():
        return "\n".join([*lines, not_measured(f"the use `{use.name}`")])
    lines += [*use.explained, "", "```bash", command.format(use=use.name), "```", ""]
    return "\n".join([*lines, *_TABLES.get(use.name, _compared)(use, summary)])


def _compared(use: Use, summary: pl.DataFrame) -> Iterator[str]:
    """Methods against the reference."""
    yield from (
        f"{REFERENCE_MARK} is the reference at that s: of all rows but the hybrid's the best on half A of the",
        f"validation users. {BETTER} and {WORSE}: `{HYBRID}` is significantly better or worse than it (paired",
        f"permutation test over {use.unit}, Holm's correction over all data sets, questions and s). The best of each",
        "column is bold.",
        f"Intervals are 95 % bootstrap intervals over {use.unit}, of the mean over s ≥ 1.",
        "",
    )
    parts = summary.partition_by("dataset", "question", "figure", maintain_order=True, as_dict=True)
    for place in places_of(summary):
        for figure, label in use.figures.items():
            if (frame := parts.get((*place, figure))) is not None:
                figures = Figures.of(frame)
                yield from (to_markdown(figures_table(use, figures, label)), reading(figures, label), "")


def figures_table(use: Use, figures: Figures, label: str) -> Table:
    """Methods in rows, numbers of shots in columns, and what the hybrid is ahead of each by."""
    rows = []
    for name in figures.methods:
        texts = [_text(figures, name, shots) for shots in figures.shots]
        rows.append((name, *texts, _interval(figures, name), _ahead(figures, name)))
    if any(method == REFERENCE for method, _ in figures.rows):
        bars = [number(_value(figures, REFERENCE, shots)) for shots in figures.shots]
        rows.append(("reference of each s", *bars, _interval(figures, REFERENCE), _ahead(figures, REFERENCE)))
    counts = [max(figures.rows[key]["n"] for key in figures.rows if key[1] == shots) for shots in figures.shots]
    rows.append((use.unit, *(f"{count:,}" for count in counts), ABSENT, ABSENT))
    heads = ("method", *shots_heads(figures.shots), "interval", "hybrid ahead by (interval)")
    title = f"{label}, {figures.place[0]}: {question_label(figures.place[1])}"
    return Table(title, heads, tuple(rows), _best(figures))


def reading(figures: Figures, label: str) -> str:
    """One sentence: where the hybrid is above the reference, where it is below, and how surely."""
    over = figures.rows.get((REFERENCE, MEAN))
    if over is None or over["ahead"] is None:
        return f"There is no `{HYBRID}` to be read here."
    shots = [one for one in figures.shots if one != MEAN]
    marks = {one: _mark(figures, one) for one in shots}
    parts = [
        f"significantly {word} the reference at s = {', '.join(own)}"
        for word, mark in (("above", BETTER), ("below", WORSE))
        if (own := [one for one in shots if marks[one] == mark])
    ]
    said = " and ".join(parts) if parts else "nowhere significantly apart from the reference"
    span = f"{_signed(over['ahead_low'])} … {_signed(over['ahead_high'])}"
    return f"{label}: `{HYBRID}` is {said}; over s ≥ 1 it is ahead by {_signed(over['ahead'])} ({span})."


def _text(figures: Figures, name: str, shots: str) -> str:
    row = figures.rows.get((name, shots))
    if row is None:
        return ABSENT
    marked = REFERENCE_MARK if row["is_reference"] else ""
    return number(row["value"]) + marked + (_mark(figures, shots) if name == HYBRID else "")


def _mark(figures: Figures, shots: str) -> str:
    """Whether the hybrid is significantly better or worse than the reference."""
    bar = figures.rows.get((REFERENCE, shots))
    if bar is None or bar["p_holm"] is None or bar["p_holm"] > LEVEL:
        return ""
    return BETTER if bar["ahead"] > 0 else WORSE


def _value(figures: Figures, name: str, shots: str) -> float | None:
    row = figures.rows.get((name, shots))
    return None if row is None else float(row["value"])


def _interval(figures: Figures, name: str) -> str:
    row = figures.rows.get((name, MEAN))
    return ABSENT if row is None or row["ci_low"] is None else f"{number(row['ci_low'])} … {number(row['ci_high'])}"


def _ahead(figures: Figures, name: str) -> str:
    row = figures.rows.get((name, MEAN))
    if row is None or row["ahead"] is None:
        return ABSENT
    return f"{_signed(row['ahead'])} ({_signed(row['ahead_low'])} … {_signed(row['ahead_high'])})"


def _signed(value: float) -> str:
    """``+0.0123``; nothing is ``0.0000`` whatever its sign."""
    text = f"{value:+.4f}"
    return "0.0000" if text in ("+0.0000", "-0.0000") else text.replace("-", "−")


def _best(figures: Figures) -> frozenset[tuple[int, int]]:
    """Cells that hold the highest value of their column."""
    best: set[tuple[int, int]] = set()
    for column, shots in enumerate(figures.shots):
        values = [(_value(figures, name, shots), row) for row, name in enumerate(figures.methods)]
        known = [(round(value, _DIGITS), row) for value, row in values if value is not None]
        if len({value for value, _ in known}) > 1:
            best |= {(row, 1 + column) for value, row in known if value == max(known)[0]}
    return frozenset(best)
