"""User-based collaborative filtering on real and virtual behaviour.

A new user's interest in item j is r_ij = Σ_k sim(u_i, u_k) · r_kj over the most similar warm users k
(GroupLens: Resnick et al. 1994, here for weights instead of ratings and without their mean). The new user's
profile holds the support and the virtual weights; the warm users include the virtual ones of the training data.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.collaborative import CollaborativeFilter, Fallback, Interest, Profiles
from tasks.recommenders.similarity import BY_NAME, COSINE, PEARSON, Neighbourhood, NeighbourSettings, Rows, Similarity


@dataclass(eq=False)
class FittedUserKNN(CollaborativeFilter):
    """Warm behaviour, ready to be searched.

    Attributes:
        provenance: The users and times it was fitted on.
        similarity: ``cosine`` or ``pearson``.
        behaviour: CSR (U + V, I), the virtual users last.
        real_users: U.
        neighbours: Most warm users per new user.
        shrink: Added to the denominator of similarities.
        fallback: float32 (I,), in (-1, 0].

    """

    provenance: Provenance
    similarity: str
    behaviour: csr_array
    real_users: int
    neighbours: int
    shrink: float
    fallback: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = self.behaviour.shape[1]
        self._similarity = BY_NAME[self.similarity]
        self.warm = Neighbourhood(Rows(self.behaviour, self._similarity), self.neighbours, self.shrink)

    def similar_users(self, profiles: csr_array) -> csr_array:
        """The warm users most like each profile, CSR (B, U + V), similarities above 0.

        Args:
            profiles: CSR (B, I), sorted indices.

        """
        return self.warm.of(Rows(profiles, self._similarity))

    def interest(self, users: NewUsers) -> Interest:
        """Interest of one block of users in items."""
        profiles = Profiles.of(users, self.n_items)
        similar = self.similar_users(profiles.whole)
        total: csr_array = similar @ self.behaviour
        if profiles.are_real and self.real_users == self.behaviour.shape[0]:
            return Interest(total, None)
        return Interest(total, lambda: self._real_part(profiles, similar))

    def _real_part(self, profiles: Profiles, similar: csr_array) -> csr_array:
        """What real entries of the profile and real warm users carry."""
        if not profiles.are_real:
            real, whole = (Rows(one, self._similarity) for one in (profiles.real, profiles.whole))
            similar = self.warm.share(real, whole, similar)
        return csr_array(similar[:, : self.real_users] @ self.behaviour[: self.real_users])


@dataclass(frozen=True)
class UserKNN(NeighbourSettings):
    """Settings of user-based collaborative filtering.

    Attributes:
        neighbours: Most warm users per new user, at least 1.
        shrink: Added to the denominator of similarities, at least 0.
        fallback: Orders what the neighbours do not hold.

    """

    similarity: ClassVar[Similarity]
    neighbours: int = 300
    shrink: float = 0.0
    fallback: Fallback = field(default_factory=Fallback)

    def fit(self, training: Training) -> FittedUserKNN:
        """Keep the warm behaviour, virtual users included."""
        histories = training.warm.histories
        return FittedUserKNN(
            provenance=Provenance.of(f"user_knn_{self.similarity.name}", histories.users, histories.times),
            similarity=self.similarity.name,
            behaviour=training.behaviour(),
            real_users=len(histories.users),
            neighbours=self.neighbours,
            shrink=self.shrink,
            fallback=self.fallback.order(training),
        )


@dataclass(frozen=True)
class UserKNNCosine(UserKNN):
    """User-based, cosine similarity."""

    similarity = COSINE


@dataclass(frozen=True)
class UserKNNPearson(UserKNN):
    """User-based, Pearson correlation over all items of the catalogue."""

    similarity = PEARSON
