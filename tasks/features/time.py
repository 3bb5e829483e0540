"""Time features: the calendar of a visit, gaps between events."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Ragged

_HOUR = 3_600_000_000


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
    zone = time_zone if has_hours else "UTC"
    clock = pl.Series(now, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    shares = [
        (clock.dt.weekday().cast(pl.Float64) - 1) / 7,
        (clock.dt.ordinal_day().cast(pl.Float64) - 1) / (365 + clock.dt.is_leap_year().cast(pl.Float64)),
    ]
    if has_hours:
        shares.append((clock.dt.hour().cast(pl.Float64) + clock.dt.minute().cast(pl.Float64) / 60) / 24)
    angles = 2 * math.pi * np.stack([share.to_numpy() for share in shares], axis=1)  # (U, 2 or 3)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(now), 2 * len(shares)).astype(np.float32)


def gaps(rows: Ragged, times: NDArray[np.int64]) -> NDArray[np.float32]:
    """log(1 + hours since the user's previous event), 0 for the first: float32 (N,).

    Args:
        rows: Boundaries of each user's events, in order of time.
        times: int64 (N,), microseconds.

    """
    since = np.diff(times, prepend=times[:1])
    since[rows.position_in_row == 0] = 0
    return np.log1p(np.maximum(since, 0) / _HOUR).astype(np.float32)
