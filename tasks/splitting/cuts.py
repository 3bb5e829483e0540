"""The moments that part warm, validation and test users."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Column, EventLog
from tasks.errors import DataError
from tasks.splitting.settings import SplitSettings, TemporalSplit, microseconds_of, percentile_of

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Cuts:
    """Moments in microseconds since 1970-01-01 UTC; each is the first that no longer belongs.

    Attributes:
        warm_until: T1; None where users are held out by hash.
        validation_until: T2; likewise.
        log_end: Just after the newest event or cancellation; None without times.

    """

    warm_until: int | None
    validation_until: int | None
    log_end: int | None


def first_events(log: EventLog) -> NDArray[np.int64]:
    """Time of each user's first event, cancelled or not, int64 (users,); ``NEVER`` for a user without events."""
    first = np.full(log.users.height, NEVER, dtype=np.int64)
    users, times = log.events[Column.USER].to_numpy(), log.events[Column.TIME].to_numpy()
    if len(users) and np.all(users[:-1] <= users[1:]):
        starts = np.flatnonzero(np.diff(users, prepend=-1))
        first[users[starts]] = np.minimum.reduceat(times, starts)
    else:
        np.minimum.at(first, users, times)
    return first


def cuts_of(log: EventLog, settings: SplitSettings) -> Cuts:
    """The cuts of a log, from the first events of all its users.

    Raises:
        DataError: The log is empty, or has no times and ``settings`` needs them.

    """
    end = log_end(log)
    if not log.roles.has_times:
        if isinstance(settings, TemporalSplit):
            raise DataError(
                "split=temporal needs times, and this log has none: name its time column in dataset.columns, "
                "or use split=user_holdout question=rest"
            )
        return Cuts(None, None, None)
    if not isinstance(settings, TemporalSplit):
        return Cuts(None, None, end)
    first = first_events(log)
    first = first[first != NEVER]
    return Cuts(_moment(settings.first_cut, first), _moment(settings.second_cut, first), end)


def log_end(log: EventLog) -> int | None:
    """Just after the newest event or cancellation; None without times.

    Raises:
        DataError: The log is empty.

    """
    if log.events.height == 0:
        raise DataError(
            "no event is left to split: expected at least one row after cleaning; look at the quality report"
        )
    if not log.roles.has_times:
        return None
    newest = int(log.events[Column.TIME].to_numpy().max())
    if Column.CANCELLED_AT in log.events.columns:
        cancelled = log.events[Column.CANCELLED_AT].max()
        newest = max(newest, int(cancelled) if isinstance(cancelled, int) else newest)
    return newest + 1


def _moment(cut: str, first: NDArray[np.int64]) -> int:
    percentile = percentile_of(cut)
    if percentile is None:
        return microseconds_of(cut)
    return int(np.percentile(first, percentile, method="higher"))
