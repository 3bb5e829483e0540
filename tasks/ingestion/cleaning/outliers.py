"""Outliers of quantity and price, judged by the past of warm users."""

import dataclasses
import logging

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import EventLog
from tasks.ingestion.cleaning.rules import CleaningRules
from tasks.ingestion.compact import compact
from tasks.ingestion.quality import RuleCount

logger = logging.getLogger(__name__)


def apply_fences(
    log: EventLog, rules: CleaningRules, past: NDArray[np.bool_]
) -> tuple[EventLog, tuple[RuleCount, ...]]:
    """Clip or drop outliers of quantity and price.

    Args:
        log: The clean log.
        rules: Settings of the cleaning; ``outliers`` is used.
        past: bool (events,), the rows that the fences are fitted on: those of warm users before their cut, so that
            nothing of a new user decides what an outlier is (``tasks.splitting.warm_rows``).

    Returns:
        The log and a count per column. After ``drop``, users and items are numbered anew where some lost their
        last row.

    """
    fences = rules.outliers
    columns = [name for name in fences.columns if name in log.events.columns]
    if fences.action == "none" or not columns:
        return log, ()
    events, counts = log.events, []
    seen = events.select(columns).filter(pl.Series(past, dtype=pl.Boolean))
    inside = np.ones(events.height, dtype=np.bool_)
    for name in columns:
        fitted = fences.fit(seen[name])
        if fitted is None:
            counts.append(RuleCount(f"outlier_{name}", 0))
            continue
        low, high = fitted
        logger.info("%s: outliers lie outside %.6g to %.6g", name, low, high)
        out = ~events[name].is_between(low, high).fill_null(True).to_numpy() & inside
        if fences.action == "drop":
            inside = inside & ~out
            counts.append(RuleCount(f"outlier_{name}", dropped=int(out.sum())))
        else:
            events = events.with_columns(pl.col(name).clip(low, high).cast(pl.Float32))
            counts.append(RuleCount(f"outlier_{name}", 0, repaired=int(out.sum())))
    changed = dataclasses.replace(log, events=events if inside.all() else events.filter(pl.Series(inside)))
    return compact(changed), tuple(counts)
