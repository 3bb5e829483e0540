"""The trials of a sweep as a table and as a file."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from tasks.reporting.tables import ABSENT, Table
from tasks.sweeps.records import TrialRecord, TrialState

_ENDED = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "stopped early",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "not finished",
}


def names_of(records: Sequence[TrialRecord]) -> tuple[str, ...]:
    """What varies, in the order of the space."""
    return tuple(dict.fromkeys(name for record in records for name in record.values))


def ordered(records: Sequence[TrialRecord], direction: str) -> list[TrialRecord]:
    """The best first, then those without a figure, by number."""
    sign = -1.0 if direction == "maximize" else 1.0
    return sorted(
        records,
        key=lambda record: (record.value is None, sign * (record.value or 0.0), record.number),
    )


def trials_table(title: str, records: Sequence[TrialRecord], objective: str, direction: str) -> Table:
    """One row per trial, the best first.

    Args:
        title: One line.
        records: The trials.
        objective: Heading of the figure.
        direction: ``maximize`` or ``minimize``.

    """
    names = names_of(records)
    rows = []
    for record in ordered(records, direction):
        values = (_text(record.values[name]) if name in record.values else ABSENT for name in names)
        value = ABSENT if record.value is None else f"{record.value:.4f}"
        rows.append((str(record.number), *values, _ENDED[record.state], value, f"{record.seconds:.0f}"))
    strong = {(0, len(names) + 2)} if rows and rows[0][len(names) + 2] != ABSENT else set()
    return Table(
        title,
        ("trial", *names, "ended", objective, "seconds"),
        tuple(rows),
        frozenset(strong),
        words=len(names) + 2,
    )


def trials_frame(records: Sequence[TrialRecord], objective: str) -> pl.DataFrame:
    """One row per trial, in order of their numbers; what varies as text, figures as Float64.

    Args:
        records: The trials.
        objective: Name of the column of the figure.

    """
    rows: list[dict[str, Any]] = [
        {
            "trial": record.number,
            **{name: _text(record.values[name]) if name in record.values else None for name in names_of(records)},
            "state": record.state.value,
            objective: record.value,
            "epochs": len(record.epochs),
            "seconds": round(record.seconds, 1),
            "mlflow_run_id": record.mlflow_run_id,
            "run_id": record.run_id,
            "reason": record.reason,
        }
        for record in records
    ]
    text = ("mlflow_run_id", "run_id", "reason", "state", *names_of(records))
    return pl.DataFrame(rows, infer_schema_length=None).cast(
        dict.fromkeys(text, pl.String) | {objective: pl.Float64}  # type: ignore[arg-type]
    )


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
