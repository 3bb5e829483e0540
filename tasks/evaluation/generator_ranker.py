"""The generator as a method of its own: it ranks by what it believes, without any collaborative filtering."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import ProfileGenerator
from tasks.domain import Evidence, NewUsers
from tasks.recommenders.ranking import BlockRanker, EvidenceOf


@dataclass(eq=False)
class GeneratorRanker(BlockRanker):
    """Ranks items by their mean probability over several draws.

    Attributes:
        generator: A trained generator.
        draws: Draws per user, at least 1.
        noise_seed: Seeds the draws.

    """

    generator: ProfileGenerator
    draws: int
    noise_seed: int

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise ValueError(f"draws must be at least 1, got {self.draws}")
        self.n_items = self.generator.n_items

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """As in ``BlockRanker``."""
        for own, probabilities in self.generator.draw(users, self.draws, self.noise_seed):
            np.mean(probabilities, axis=0, out=out[own])
        return lambda ids: np.full(ids.shape, Evidence.VIRTUAL, dtype=np.uint8)
