"""No virtual behaviour: the control."""

from dataclasses import dataclass

from tasks.augmentation.generator import ProfileGenerator
from tasks.domain import NewUsers, Training


@dataclass(frozen=True)
class NoAugmentation:
    """Leaves new users and the fit as they are."""

    def complete(self, generator: ProfileGenerator, users: NewUsers, seed: int) -> None:
        """No virtual behaviour."""

    def neighbours(self, generator: ProfileGenerator, training: Training, seed: int) -> None:
        """No virtual users."""
