"""Popularity: how many warm users hold an item, each by the weight of it. The same list for everybody."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Evidence, NewUsers, Provenance, Training
from tasks.recommenders.base import EvidenceOf, FittedRecommender


@dataclass(eq=False)
class FittedPopularity(FittedRecommender):
    """A form of popularity: one score per item, whatever the user did.

    Attributes:
        provenance: The users and times it was fitted on.
        scores: float32 (I,).

    """

    serves_without_events: ClassVar[bool] = True

    provenance: Provenance
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = len(self.scores)

    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """The same row for every user, (B, I)."""
        return np.repeat(self.scores[None], len(users), axis=0)

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """As in ``FittedRecommender``, without a copy."""
        out[...] = self.scores
        return lambda ids: self.evidence(users, ids)

    def evidence(self, users: NewUsers, ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Popularity throughout."""
        return np.full(ids.shape, Evidence.POPULARITY, dtype=np.uint8)


def fitted(artefact: str, counts: NDArray[np.float64], training: Training) -> FittedPopularity:
    """A form of popularity from its counts (I,), with the record of what it saw."""
    histories = training.warm.histories
    return FittedPopularity(Provenance.of(artefact, histories.users, histories.times), counts.astype(np.float32))


@dataclass(frozen=True)
class Popularity:
    """Warm users per item, each by its weight there: 1 without kinds of events. Virtual users do not count."""

    def counts(self, training: Training) -> NDArray[np.float64]:
        """Users per item, (I,)."""
        histories = training.warm.histories
        counts = np.bincount(histories.items, weights=histories.weights, minlength=training.n_items)
        return counts.astype(np.float64)

    def fit(self, training: Training) -> FittedPopularity:
        """Count."""
        return fitted("popularity", self.counts(training), training)
