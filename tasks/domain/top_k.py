"""Recommendation lists, the only thing that travels from recommenders to metrics."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

NO_ITEM = -1
"""Fills a list that ran out of allowed items."""


class Evidence(IntEnum):
    """What carried a recommended item."""

    POPULARITY = 0
    REAL = 1
    VIRTUAL = 2


@dataclass(frozen=True, slots=True)
class TopK:
    """The k best items per user, best first.

    Attributes:
        ids: int32 (U, k), rows of the catalogue, distinct within a user; ``NO_ITEM`` at the end of a
            list where fewer than k items are allowed.
        scores: float32 (U, k), never rising within a user.
        evidence: uint8 (U, k), values of ``Evidence``.

    """

    ids: NDArray[np.int32]
    scores: NDArray[np.float32]
    evidence: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.ids.ndim != 2 or self.ids.shape != self.scores.shape or self.ids.shape != self.evidence.shape:
            shapes = f"{self.ids.shape}, {self.scores.shape}, {self.evidence.shape}"
            raise ValueError(f"ids, scores and evidence must share one shape (U, k), got {shapes}")

    @classmethod
    def unfilled(cls, users: int, k: int) -> "TopK":
        """Lists without any item yet, to be written into."""
        return cls(
            ids=np.full((users, k), NO_ITEM, dtype=np.int32),
            scores=np.full((users, k), -np.inf, dtype=np.float32),
            evidence=np.full((users, k), Evidence.POPULARITY, dtype=np.uint8),
        )
