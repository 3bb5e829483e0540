"""Which episodes an epoch shows, in which batches: a function of seed and epoch alone."""

import numpy as np
from numpy.typing import NDArray

from lightning_modules.noise import derived_seed

_PLAN = 1


class EpochPlan:
    """Cuts an epoch into batches of nearly equal size.

    Each pass shows every user once, at a number of shots drawn evenly from those the user has: the
    spread of use. Rebuilt from (seed, epoch), so that a resumed training sees the same batches.

    Args:
        group: int64 (E,), the user of each episode.
        batch_size: Largest number of users per batch.
        min_steps: Least number of batches per epoch.
        seed: Seed of the training.

    """

    def __init__(self, group: NDArray[np.int64], *, batch_size: int, min_steps: int, seed: int) -> None:
        if len(group) == 0:
            raise ValueError("there are no episodes to train on")
        self._order = np.argsort(group, kind="stable")
        _, self._starts, self._counts = np.unique(group[self._order], return_index=True, return_counts=True)
        self.users = len(self._starts)
        self.batches_per_pass = -(-self.users // batch_size)
        self.passes = -(-min_steps // self.batches_per_pass)
        self.steps = self.batches_per_pass * self.passes
        self.seed = seed

    def batches(self, epoch: int) -> list[NDArray[np.int64]]:
        """Rows of episodes per step; ``steps`` arrays."""
        random = np.random.default_rng(derived_seed(self.seed, _PLAN, epoch))
        chosen: list[NDArray[np.int64]] = []
        for _ in range(self.passes):
            users = random.permutation(self.users)
            offset = (random.random(self.users) * self._counts[users]).astype(np.int64)
            rows = self._order[self._starts[users] + offset]
            chosen.extend(np.array_split(rows, self.batches_per_pass))
        return chosen
