"""Placebo: everybody is given the most popular items."""

from dataclasses import dataclass, field

import numpy as np

from tasks.augmentation.fills.ranked import RankedFill, check_temperature
from tasks.domain import Training
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.popularity import fitted


@dataclass(frozen=True)
class FillPopular:
    """Virtual items by popularity, the user's support left out.

    Attributes:
        popularity: Its form.
        temperature: Probabilities go with counts ^ (1 / temperature); above 0.

    """

    popularity: Fallback = field(default_factory=Fallback)
    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.temperature)

    def fit(self, training: Training) -> RankedFill:
        """Count."""
        name = "fill_popular"
        counts = self.popularity.counts(training)
        return RankedFill(name, fitted(name, counts, training), counts.astype(np.float32), self.temperature)
