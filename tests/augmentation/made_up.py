"""Generators with a known answer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightning_modules.noise import derived_seed, mix
from tasks.domain import NewUsers


@dataclass(frozen=True)
class BlockGenerator:
    """Knows the block of a user from the feature, and expects its items, the more the noise says so."""

    n_items: int = 60
    blocks: int = 3
    block_length: int = 7
    name: str = "block"

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        items = np.arange(self.n_items)
        for start in range(0, len(users), self.block_length):
            block = slice(start, min(start + self.block_length, len(users)))
            keys = (
                mix(users.ids[block] ^ np.uint64(derived_seed(seed)))[None, :]
                ^ mix(np.arange(draws, dtype=np.uint64))[:, None]
            )
            words = mix(keys[:, :, None] ^ mix(items.astype(np.uint64)))
            noise = ((words >> np.uint64(40)).astype(np.float32) + 1) * np.float32(2.0**-24)
            own = items % self.blocks == users.features.categories[block, :1] - 1
            probabilities = noise * own + np.float32(1e-6)
            yield block, (probabilities / probabilities.sum(axis=2, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class FixedGenerator:
    """Draws that were written down: float32 (draws, U, I)."""

    drawn: NDArray[np.float32]
    name: str = "fixed"

    @property
    def n_items(self) -> int:
        return self.drawn.shape[2]

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        assert draws == len(self.drawn)
        yield slice(0, len(users)), self.drawn.copy()
