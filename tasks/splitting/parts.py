"""The parts of a split, and which one each user belongs to."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Population, Warm
from tasks.splitting.cuts import Cuts


class Role(IntEnum):
    """What a user is to the split; ``ABSENT`` has no events."""

    WARM = 0
    VALIDATION = 1
    TEST = 2
    ABSENT = 3


@dataclass(frozen=True, slots=True)
class Roles:
    """The part of each user of the log.

    Attributes:
        role: uint8 (users,), values of ``Role``.
        until: int64 (users,), the user's cut: only events and cancellations before it count.
        first_visit_known: bool (users,), False for users who may have come before the log began.

    """

    role: NDArray[np.uint8]
    until: NDArray[np.int64]
    first_visit_known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Split:
    """Who trains, who validates, who tests.

    Attributes:
        name: ``temporal`` or ``user_holdout``.
        cuts: The cuts used.
        catalogue: int32 (I,), rows of ``EventLog.items`` that warm users touched, ascending.
        warm: The users everything is fitted on.
        validation: New users for tuning (half A) and reporting (half B).
        test: New users for the final benchmark.

    """

    name: str
    cuts: Cuts
    catalogue: NDArray[np.int32]
    warm: Warm
    validation: Population
    test: Population
