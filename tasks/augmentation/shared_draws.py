"""Draws and completed profiles that are made once for users who are asked about several times in a row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import Expected, ProfileGenerator, expected_of
from tasks.domain import NewUsers, VirtualBehaviour

Drawn = tuple[tuple[slice, NDArray[np.float32]], ...]


@dataclass(eq=False)
class SharedDraws:
    """A generator that remembers what it drew last.

    The generator's own score and the profiles it completes ask about the same block of users, one after the other, with
    the same noise. Whoever reads these draws must not write to them.

    Attributes:
        generator: Makes up profiles.

    """

    generator: ProfileGenerator
    _last: tuple[NewUsers, int, int, Drawn] | None = field(default=None, init=False, repr=False)
    _mean: tuple[NewUsers, int, int, NDArray[np.float32]] | None = field(default=None, init=False, repr=False)

    @property
    def name(self) -> str:
        """As of the generator."""
        return self.generator.name

    @property
    def n_items(self) -> int:
        """As of the generator."""
        return self.generator.n_items

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """As in ``ProfileGenerator``; drawn anew unless the very same object was asked about last.

        All draws of the users are held at once, so users come in blocks.
        """
        last = self._last  # read once: another thread may replace it
        if last is None or last[0] is not users or last[1:3] != (draws, seed):
            # Copies: a generator may use its memory again for the next block.
            drawn = tuple((block, one.copy()) for block, one in self.generator.draw(users, draws, seed))
            last = self._last = (users, draws, seed, drawn)
        yield from last[3]

    @property
    def expected(self) -> Expected | None:
        """The mean of the draws, told anew unless the very same object was asked about last."""
        return None if expected_of(self.generator) is None else self._expected

    def _expected(self, users: NewUsers, draws: int, seed: int) -> NDArray[np.float32]:
        last, tell = self._mean, expected_of(self.generator)  # read once: another thread may replace it
        if last is None or last[0] is not users or last[1:3] != (draws, seed):
            assert tell is not None
            last = self._mean = (users, draws, seed, tell(users, draws, seed))
        return last[3]


@dataclass(eq=False)
class SharedCompletion:
    """A way to complete profiles that remembers what it made up last: several filters ask about the same block.

    Attributes:
        completion: Makes up the virtual behaviour of new users.

    """

    completion: Callable[[NewUsers], VirtualBehaviour | None]
    _last: tuple[NewUsers, VirtualBehaviour | None] | None = field(default=None, init=False, repr=False)

    def __call__(self, users: NewUsers) -> VirtualBehaviour | None:
        """The virtual behaviour; made up anew unless the very same object was asked about last."""
        last = self._last  # read once: another thread may replace it
        if last is None or last[0] is not users:
            last = self._last = (users, self.completion(users))
        return last[1]
