"""What every way to use virtual behaviour offers."""

from typing import Protocol

from tasks.augmentation.generator import ProfileGenerator
from tasks.domain import NewUsers, Training, VirtualBehaviour


class Augmentation(Protocol):
    """A component in ``conf/augmentation``: completes new users, adds virtual users to the fit, or neither."""

    def complete(self, generator: ProfileGenerator, users: NewUsers, seed: int) -> VirtualBehaviour | None:
        """Virtual behaviour of new users, (U, I); None where this way leaves them as they are."""
        ...

    def neighbours(self, generator: ProfileGenerator, training: Training, seed: int) -> VirtualBehaviour | None:
        """Virtual users, (V, I), further rows for the fit of a recommender; None where there are none."""
        ...
