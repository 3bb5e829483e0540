"""Time features: the calendar of a visit, gaps between events."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Ragged

_MINUTE, _HOUR, _DAY = 60_000_000, 3_600_000_000, 86_400_000_000
"""Microseconds."""
_THURSDAY = 3
"""Weekday of 1970-01-01; Monday is 0."""


def calendar(now: NDArray[np.int64], has_hours: bool, time_zone: str = "UTC") -> NDArray[np.float32]:
    """Sine and cosine of the weekday, of the day of the year, and of the hour where times resolve it.

    Args:
        now: int64 (U,), microseconds since 1970-01-01 UTC.
        has_hours: Whether times resolve the hour (False for plain dates).
        time_zone: IANA name of the zone whose clock and calendar count. Plain dates are midnights in UTC
            already, whatever the zone.

    Returns:
        float32 (U, 4), or (U, 6) with hours: points on unit circles, so that Sunday is next to Monday and
        31 December next to 1 January.

    """
    local = _local(now, time_zone) if has_hours else now
    days = local // _DAY
    years = local.astype("datetime64[us]").astype("datetime64[Y]")
    first, following = (year.astype("datetime64[D]").astype(np.int64) for year in (years, years + 1))
    shares = [(days + _THURSDAY) % 7 / 7, (days - first) / (following - first)]
    if has_hours:
        minutes = (local - days * _DAY) // _MINUTE
        shares.append((minutes // 60 + minutes % 60 / 60) / 24)
    angles = 2 * math.pi * np.stack(shares, axis=1)  # (U, 2 or 3)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(now), 2 * len(shares)).astype(np.float32)


def _local(now: NDArray[np.int64], time_zone: str) -> NDArray[np.int64]:
    """What the clock of a zone shows, as microseconds, int64 (U,)."""
    if time_zone == "UTC":
        return now
    moments = pl.Series(now, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(time_zone)
    return moments.dt.replace_time_zone(None).cast(pl.Int64).to_numpy()


def gaps(rows: Ragged, times: NDArray[np.int64]) -> NDArray[np.float32]:
    """log(1 + hours since the user's previous event), 0 for the first: float32 (N,).

    Args:
        rows: Boundaries of each user's events, in order of time.
        times: int64 (N,), microseconds.

    """
    if rows.rows == 1 and (len(times) == 0 or times[0] == times[-1]):  # one visit of one who asks now
        return np.zeros(len(times), dtype=np.float32)
    since = np.zeros(len(times), dtype=np.int64)
    since[1:] = times[1:] - times[:-1]
    starts = rows.indptr[:-1]
    since[starts[starts < rows.indptr[1:]]] = 0
    return np.log1p(np.maximum(since, 0) / _HOUR).astype(np.float32)
