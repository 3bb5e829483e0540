"""What a visit is: a calendar day, or a number of the shop's (an invoice, an order, a session)."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.ingestion.cleaning.rows import DAY
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


def moments(raw: RawLog, frame: pl.DataFrame) -> NDArray[np.integer] | None:
    """What orders rows in time, (N,): the day where all times are days, which is the smaller number to sort by."""
    if not raw.roles.has_times:
        return None
    are_days = raw.rows.collect_schema()[Column.TIMESTAMP] == pl.Date
    return frame[DAY if are_days else Column.TIME].to_numpy()
