"""What a visit is: a calendar day, or a number of the shop's (an invoice, an order, a session)."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.ingestion.cleaning.rows import DAY, MICROSECONDS_PER_DAY
from tasks.ingestion.identifiers import Coded
from tasks.ingestion.raw import RawLog


def visit_keys(raw: RawLog, frame: pl.DataFrame) -> NDArray[np.integer] | None:
    """Keys that are equal for events of one user in one visit, (N,); None without times.

    A row without a number of a visit belongs to a visit of its day.
    """
    if not raw.roles.has_times:
        return None
    days = frame[DAY].to_numpy()
    if raw.visit == "day":
        return days
    visits = Coded.of(frame[Column.VISIT_ID])
    # Numbered visits take 0, 1, …; the days of the others must not meet them.
    return np.where(
        visits.codes < len(visits.values), visits.codes, len(visits.values) + days.astype(np.int64) - days.min()
    )


def moments(frame: pl.DataFrame) -> pl.Series | None:
    """What orders rows in time: ``time``, or ``day`` where the log has dates only; None without times."""
    for name in (Column.TIME, DAY):
        if name in frame.columns:
            return frame[name]
    return None


def as_times(moments: pl.Series) -> pl.Series:
    """Moments as ``time``, Int64: a date stands for its midnight UTC."""
    if moments.name == Column.TIME:
        return moments
    return (moments.cast(pl.Int64) * MICROSECONDS_PER_DAY).alias(Column.TIME)
