"""Popularity in which recent users count for more."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Training
from tasks.recommenders.popularity import FittedPopularity, fitted

logger = logging.getLogger(__name__)

_DAY = 86_400_000_000
"""Microseconds."""


@dataclass(frozen=True)
class DecayedPopularity:
    """Each warm user counts weight · 0.5 ^ (age / half-life) for an item, its age taken from first touch to cut.

    A log without times has no ages: then it is plain popularity, and says so.

    Attributes:
        half_life_days: In days, above 0.

    """

    half_life_days: float = 7.0

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")

    def counts(self, training: Training) -> NDArray[np.float64]:
        """Decayed users per item, (I,).

        Raises:
            ValueError: A touch is not before the cut.

        """
        weights = self.weights(training)
        items = training.warm.histories.items
        return np.bincount(items, weights=weights, minlength=training.n_items).astype(np.float64)

    def weights(self, training: Training) -> NDArray[np.float64]:
        """What each touch of the warm users counts, (N,); arguments and errors as in ``counts``."""
        histories, now = training.warm.histories, training.warm.now
        if histories.times is None or now is None:
            logger.info("the log has no times: decayed popularity is plain popularity")
            return histories.weights.astype(np.float64)
        ages = (now - histories.times) / _DAY
        if len(ages) and ages.min() <= 0:
            raise ValueError(f"warm events must lie before the cut {now}, the newest is {histories.times.max()}")
        return np.exp2(-ages / self.half_life_days) * histories.weights

    def fit(self, training: Training) -> FittedPopularity:
        """Count with decay."""
        return fitted("decayed_popularity", self.counts(training), training)
