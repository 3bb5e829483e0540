"""What is new since the champion, and the moment T that parts what a challenger learns from what judges it."""

from dataclasses import dataclass

import numpy as np

from tasks.domain import Column, EventLog
from tasks.errors import ConfigError
from tasks.splitting.cuts import NEVER, first_events
from tasks.splitting.settings import microseconds_of, percentile_of
from tasks.splitting.temporal import moment


@dataclass(frozen=True, slots=True)
class Period:
    """The time since the champion. Moments are microseconds since 1970-01-01 UTC.

    Attributes:
        watermark: Newest event that the champion saw.
        newest: Newest event there is.
        events: Events after the watermark.
        users: Users first seen after the watermark.
        cut: T: a challenger sees events before it, users first seen from it on judge. None where nothing is new.

    """

    watermark: int
    newest: int
    events: int
    users: int
    cut: int | None

    def described(self) -> str:
        """In words, times in UTC."""
        return (
            f"{self.events:,} events and {self.users:,} new users since {moment(self.watermark)}, "
            f"the newest of {moment(self.newest)}"
        )


def period_of(log: EventLog, watermark: int, cut: str) -> Period:
    """Look for what came after the watermark, and place T.

    Args:
        log: The cleaned log.
        watermark: Newest event that the champion saw.
        cut: A percentile of the first events of the new users, or a date.

    Raises:
        ConfigError: The date is not later than the watermark: the champion saw users first seen from it on.

    """
    times, first = log.events[Column.TIME].to_numpy(), first_events(log)
    new = first[(first > watermark) & (first != NEVER)]
    percentile = percentile_of(cut)
    at: int | None
    if percentile is None:
        at = microseconds_of(cut)
        if at <= watermark:
            raise ConfigError(
                f"cut={cut} must be later than the newest event that the champion saw, {moment(watermark)} UTC: users "
                "first seen before are known to it, and cannot judge it"
            )
    else:
        at = int(np.percentile(new, percentile, method="higher")) if len(new) else None
    return Period(watermark, int(times.max(initial=watermark)), int((times > watermark).sum()), len(new), at)
