"""Query side: the new user's own profile is completed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import FEW_USERS, MeanGenerator, ProfileGenerator
from tasks.augmentation.policy import Policy, choose
from tasks.augmentation.rows import rows_of
from tasks.domain import NewUsers, Training, VirtualBehaviour


@dataclass(frozen=True)
class CompleteProfiles:
    """Gives each new user the items that a generator expects of them, with weights that fade as real items come.

    Attributes:
        policy: How many items, and how much they count.

    """

    policy: Policy = field(default_factory=Policy)

    def complete(self, generator: ProfileGenerator, users: NewUsers, seed: int) -> VirtualBehaviour:
        """Virtual items of new users, (U, I), none of them in the user's support.

        Args:
            generator: Makes up profiles.
            users: U new users; virtual behaviour they carry already is not looked at.
            seed: Seeds the draws.

        """
        lengths, items, weights = [], [], []
        for block, probabilities in self._probabilities(generator, users, seed):
            whole = block.stop - block.start == len(users)
            own = users if whole else users.select(np.arange(block.start, block.stop))
            chosen = choose(self.policy, probabilities, (own.rows.row_of_entry, own.items), own.shots)
            # Weights too small for float32 are no behaviour.
            kept = chosen.weights > 0
            lengths.append(kept.sum(axis=1))
            items.append(chosen.items[kept].astype(np.int32))
            weights.append(chosen.weights[kept])
        matrix = rows_of(lengths, items, weights, generator.n_items)
        return VirtualBehaviour(matrix, origin=generator.name, seed=seed)

    def _probabilities(
        self, generator: ProfileGenerator, users: NewUsers, seed: int
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Draws, or of a few users their mean, where nothing else of them is looked at."""
        policy = self.policy
        if policy.agreement == 1 and len(users) <= FEW_USERS and isinstance(generator, MeanGenerator):
            yield slice(0, len(users)), generator.expected(users, policy.draws, seed)[None]
        else:
            yield from generator.draw(users, policy.draws, seed)

    def neighbours(self, generator: ProfileGenerator, training: Training, seed: int) -> None:
        """No virtual users: the fit stays real."""
