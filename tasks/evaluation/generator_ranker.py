"""The generator as a method of its own: it ranks by what it believes, without any collaborative filtering."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import ProfileGenerator
from tasks.domain import Evidence, NewUsers, TopK
from tasks.recommenders.ranking import rank


@dataclass(frozen=True, slots=True)
class GeneratorRanker:
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

    def top_k(
        self,
        users: NewUsers,
        k: int,
        *,
        exclude: NDArray[np.bool_] | None = None,
        allow: NDArray[np.bool_] | None = None,
        seed: int = 0,
        mask_support: bool = True,
    ) -> TopK:
        """The k best items of each user; see ``Ranker``."""
        return rank(
            self._score_into,
            users,
            self.generator.n_items,
            k,
            exclude=exclude,
            allow=allow,
            seed=seed,
            mask_support=mask_support,
        )

    def _score_into(
        self, users: NewUsers, out: NDArray[np.float32]
    ) -> Callable[[NDArray[np.int32]], NDArray[np.uint8]]:
        for own, probabilities in self.generator.draw(users, self.draws, self.noise_seed):
            np.mean(probabilities, axis=0, out=out[own])
        return lambda ids: np.full(ids.shape, Evidence.VIRTUAL, dtype=np.uint8)
