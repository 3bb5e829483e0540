"""Placebo: everybody is given items at random."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lightning_modules.noise import derived_seed, mix
from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.popularity import Popularity
from tasks.recommenders.ranking import blocks

_STREAM = 2
"""Keeps this noise apart from other noise of the same users and seed."""


@dataclass(frozen=True, eq=False)
class RandomFill:
    """Items drawn for each user anew, without replacement.

    The likeliest items of a draw are those with the largest w / e, where w is an item's chance and e is exponentially
    distributed: a weighted sample without replacement (Efraimidis and Spirakis, "Weighted random sampling with a
    reservoir", 2006). The e come from a hash of (seed, user, draw, item).

    Attributes:
        name: Marks the virtual behaviour.
        chances: float32 (I,), > 0; only their ratios matter.
        provenance: The users and times it was fitted on.

    """

    name: str
    chances: NDArray[np.float32]
    provenance: Provenance

    @property
    def n_items(self) -> int:
        """Size I of the catalogue."""
        return len(self.chances)

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Random probabilities, 0 at support items; see ``ProfileGenerator.draw``."""
        for block in blocks(len(users), draws * self.n_items):
            own = users.select(np.arange(block.start, block.stop))
            drawn = np.empty((draws, len(own), self.n_items), dtype=np.float32)
            for number in range(draws):
                np.divide(self.chances, _exponential(own.ids, number, seed, self.n_items), out=drawn[number])
            drawn[:, own.rows.row_of_entry, own.items] = 0
            total = drawn.sum(axis=2, keepdims=True)
            yield block, np.divide(drawn, total, out=drawn, where=total > 0)


@dataclass(frozen=True)
class FillRandom:
    """Virtual items at random, the user's support left out.

    Attributes:
        chance: ``equal`` for all items, or by ``popularity``: in proportion to the warm users who hold them.

    """

    chance: Literal["equal", "popularity"] = "equal"

    def __post_init__(self) -> None:
        if self.chance not in {"equal", "popularity"}:
            raise ValueError(f"chance must be equal or popularity, got {self.chance!r}")

    def fit(self, training: Training) -> RandomFill:
        """Count, where popularity decides."""
        name, histories = "fill_random", training.warm.histories
        counts = Popularity().counts(training) if self.chance == "popularity" else np.ones(training.n_items)
        return RandomFill(name, counts.astype(np.float32), Provenance.of(name, histories.users, histories.times))


def _exponential(ids: NDArray[np.uint64], draw: int, seed: int, n_items: int) -> NDArray[np.float32]:
    """Exponentially distributed numbers > 0, (B, I), by hash of (seed, user, draw, item)."""
    users = mix(ids ^ np.uint64(derived_seed(seed, _STREAM, draw)))
    words = mix(users[:, None] ^ np.arange(n_items, dtype=np.uint64))
    # 23 bits and a half: exact in float32, so that no uniform number is 1 and no exponential one 0.
    uniform = ((words >> np.uint64(41)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-23)
    return -np.log(uniform)
