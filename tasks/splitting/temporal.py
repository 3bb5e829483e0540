"""Users parted by the time of their first event."""

import numpy as np
from numpy.typing import NDArray

from tasks.domain import EventLog
from tasks.errors import DataError
from tasks.splitting.cuts import NEVER, Cuts, first_events
from tasks.splitting.parts import Role, Roles
from tasks.splitting.settings import TemporalSplit

DAY = 86_400_000_000
"""Microseconds."""


def temporal_roles(log: EventLog, settings: TemporalSplit, cuts: Cuts) -> Roles:
    """Warm before T1, validation in [T1, T2) with events cut at T2, test from T2 on.

    Raises:
        DataError: T2 is not later than T1.

    """
    warm_until, validation_until, log_end = cuts.warm_until, cuts.validation_until, cuts.log_end
    assert warm_until is not None
    assert validation_until is not None
    assert log_end is not None
    if warm_until >= validation_until:
        raise DataError(
            f"the cuts split.first_cut={settings.first_cut} and split.second_cut={settings.second_cut} fall on "
            f"{moment(warm_until)} and {moment(validation_until)} UTC: expected the second later; name other dates, "
            "or use split=user_holdout question=rest"
        )
    first = first_events(log)
    role = np.select(
        [first == NEVER, first < warm_until, first < validation_until],
        [Role.ABSENT, Role.WARM, Role.VALIDATION],
        default=Role.TEST,
    ).astype(np.uint8)
    until = np.select(
        [role == Role.WARM, role == Role.VALIDATION], [warm_until, validation_until], default=log_end
    ).astype(np.int64)
    return Roles(role, until, known_first_visit(first, settings.burn_in_days))


def known_first_visit(first: NDArray[np.int64], burn_in_days: int) -> NDArray[np.bool_]:
    """Whether each user was first seen after the log's first days, bool (users,)."""
    return (first != NEVER) & (first >= first.min(initial=NEVER) + burn_in_days * DAY)


def moment(microseconds: int) -> str:
    """A time for people, UTC, to the minute."""
    return str(np.datetime64(microseconds, "us").astype("datetime64[m]")).replace("T", " ")
