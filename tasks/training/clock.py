"""How times of the log become a calendar."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tasks.features.time import calendar


@dataclass(frozen=True, slots=True)
class Clock:
    """What the log's times resolve, and where the shop is.

    Attributes:
        has_hours: Whether times resolve the hour of the day.
        time_zone: IANA name of the shop's time zone.

    """

    has_hours: bool = False
    time_zone: str = "UTC"

    def width(self, has_times: bool) -> int:
        """Number of calendar features."""
        return len(self.features(np.zeros(1, dtype=np.int64), 1)[0]) if has_times else 0

    def features(self, now: NDArray[np.int64] | None, users: int) -> NDArray[np.float32]:
        """Cyclic features of the first visit, float32 (U, C); C is 0 without times."""
        if now is None:
            return np.zeros((users, 0), dtype=np.float32)
        if len(now) == 1:  # one who asks now, as many others do today
            return _at(int(now[0]), self.has_hours, self.time_zone)
        return calendar(now, self.has_hours, self.time_zone)


@lru_cache(maxsize=4096)
def _at(now: int, has_hours: bool, time_zone: str) -> NDArray[np.float32]:
    """The calendar of one moment; to be read only."""
    found = calendar(np.array([now], dtype=np.int64), has_hours, time_zone)
    found.flags.writeable = False
    return found
