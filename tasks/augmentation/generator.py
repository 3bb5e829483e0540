"""What augmentation needs of anything that makes up behaviour."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers

FEW_USERS = 32
"""Up to this many users are answered the way that serves few of them; more share passes over memory better."""


class ProfileGenerator(Protocol):
    """Makes up what new users will touch, from their support and side features.

    A trained GAN is one; a fill by popularity, at random or by neighbours is another, and is treated alike, so that
    a gain can be told from the gain of any fill.
    """

    @property
    def name(self) -> str:
        """The origin that virtual behaviour is marked with, for example ``conditional`` or ``fill_popular``."""
        ...

    @property
    def n_items(self) -> int:
        """Size I of the catalogue."""
        ...

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Draw profiles, one block of users at a time.

        Args:
            users: U new users.
            draws: Number of draws per user, each with noise of its own.
            seed: Seeds the noise.

        Yields:
            Consecutive slices of users that cover all, with float32 (draws, B, I): probabilities over the
            catalogue, not negative, of sum 1. They depend on (user, seed) alone, not on the blocks. The
            array may be overwritten by the next block.

        """
        ...


Expected = Callable[[NewUsers, int, int], NDArray[np.float32]]
"""From at most ``FEW_USERS`` users, draws and seed to the mean of the draws, float32 (B, I)."""


def expected_of(generator: ProfileGenerator) -> Expected | None:
    """What tells the mean of a generator's draws without making each of them; None where nothing does."""
    found: Expected | None = getattr(generator, "expected", None)
    return found
