"""Users parted by hash, for logs without times."""

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Column, EventLog
from tasks.splitting.cuts import NEVER, Cuts
from tasks.splitting.parts import Role, Roles
from tasks.splitting.settings import UserHoldoutSplit
from tasks.splitting.ties import draw


def user_holdout_roles(
    log: EventLog, settings: UserHoldoutSplit, cuts: Cuts, hashes: NDArray[np.uint64], seed: int
) -> Roles:
    """Test by the user's hash modulo 10, whatever the seed; of the others a share validates, by hash of seed and user.

    Args:
        log: The log, with or without times.
        settings: Residues and share.
        cuts: Only the log's end counts.
        hashes: uint64 (users,), hash of each raw user id.
        seed: Decides who validates.

    """
    present = np.bincount(log.events[Column.USER].to_numpy(), minlength=log.users.height) > 0
    test = np.isin(draw(hashes, "test") % np.uint64(10), settings.test_residues)
    chance = draw(hashes, "validation", seed) / np.float64(2**64)
    role = np.select(
        [~present, test, chance < settings.validation_share],
        [Role.ABSENT, Role.TEST, Role.VALIDATION],
        default=Role.WARM,
    ).astype(np.uint8)
    end = NEVER if cuts.log_end is None else cuts.log_end
    return Roles(role, np.full(len(role), end, dtype=np.int64), np.ones(len(role), dtype=np.bool_))
