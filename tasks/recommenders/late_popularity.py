"""Popularity among what users take later: it knows the question, but not the user."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Training
from tasks.recommenders.popularity import FittedPopularity, Popularity, fitted

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LatePopularity:
    """How often warm users' episodes have an item as a target; plain popularity orders equals."""

    def counts(self, training: Training) -> NDArray[np.float64]:
        """Targets per item over the episodes of all numbers of shots, plus a part below 1 for popularity, (I,)."""
        popularity = Popularity().counts(training)
        if not any(posed.targets.nnz for posed in training.episodes):
            logger.warning("no warm user gives an episode: late popularity is plain popularity")
            return popularity
        late = np.zeros(training.n_items)
        for posed in training.episodes:
            late += np.bincount(posed.targets.indices, minlength=training.n_items)
        return late + popularity / (popularity.max() + 1)

    def fit(self, training: Training) -> FittedPopularity:
        """Count targets."""
        return fitted("late_popularity", self.counts(training), training)
