"""Query side: the new user's own profile is completed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tasks.augmentation.generator import FEW_USERS, ProfileGenerator, expected_of
from tasks.augmentation.policy import Chosen, Policy, choose, choose_few
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
        for chosen in self._choices(generator, users, seed):
            # Weights too small for float32 are no behaviour.
            kept = chosen.weights > 0
            lengths.append(kept.sum(axis=1))
            items.append(chosen.items[kept].astype(np.int32))
            weights.append(chosen.weights[kept])
        matrix = rows_of(lengths, items, weights, generator.n_items)
        return VirtualBehaviour(matrix, origin=generator.name, seed=seed)

    def _choices(self, generator: ProfileGenerator, users: NewUsers, seed: int) -> Iterator[Chosen]:
        """What is chosen for blocks of users, from their draws; of a few users from the mean where that is enough."""
        expected = expected_of(generator)
        if expected is not None and self.policy.agreement == 1 and len(users) <= FEW_USERS:
            # A copy: who is asked for the mean may remember it.
            mean = expected(users, self.policy.draws, seed).copy()
            yield choose_few(self.policy, mean, (users.rows.row_of_entry, users.items), users.shots)
            return
        for block, probabilities in generator.draw(users, self.policy.draws, seed):
            whole = block.stop - block.start == len(users)
            own = users if whole else users.select(np.arange(block.start, block.stop))
            yield choose(self.policy, probabilities, (own.rows.row_of_entry, own.items), own.shots)

    def neighbours(self, generator: ProfileGenerator, training: Training, seed: int) -> None:
        """No virtual users: the fit stays real."""
