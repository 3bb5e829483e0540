"""Placebos: collaborative filtering completes profiles, and so is fed its own opinion or that of another filter."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tasks.augmentation.fills.ranked import RankedFill, check_temperature
from tasks.domain import Training
from tasks.recommenders.collaborative import CollaborativeSettings
from tasks.recommenders.ials import IALS
from tasks.recommenders.user_knn import UserKNNCosine


@dataclass(frozen=True)
class CollaborativeFill:
    """Virtual items by a collaborative filter's interest; users without any get its form of popularity.

    Each filter has a subclass that names it as the type of ``recommender``.

    Attributes:
        recommender: The filter; its fallback names the form of popularity.
        temperature: Probabilities go with interest ^ (1 / temperature); above 0.

    """

    name: ClassVar[str]
    recommender: CollaborativeSettings
    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.temperature)

    def fit(self, training: Training) -> RankedFill:
        """Fit the filter on real behaviour."""
        real = training.with_virtual_rows(None)
        popularity = self.recommender.fallback.counts(real).astype(np.float32)
        return RankedFill(self.name, self.recommender.fit(real), popularity, self.temperature)


@dataclass(frozen=True)
class FillNeighbours(CollaborativeFill):
    """What the most similar warm users hold."""

    name = "fill_neighbours"
    recommender: UserKNNCosine = field(default_factory=UserKNNCosine)


@dataclass(frozen=True)
class FillIALS(CollaborativeFill):
    """What implicit alternating least squares predicts of a folded-in user."""

    name = "fill_ials"
    recommender: IALS = field(default_factory=IALS)
