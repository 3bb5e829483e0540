"""Query side: the new user's own profile is completed."""

from dataclasses import dataclass, field

import numpy as np

from tasks.augmentation.generator import ProfileGenerator
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
        for block, probabilities in generator.draw(users, self.policy.draws, seed):
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

    def neighbours(self, generator: ProfileGenerator, training: Training, seed: int) -> None:
        """No virtual users: the fit stays real."""
