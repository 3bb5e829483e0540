"""Collaborative filtering blended with popularity: the standard repair where profiles hold few events.

score = interest / (largest interest of the user) + weight(n) · popularity / (largest popularity),
weight(n) = weight · max(n, 1) ^ -fade,

with n the items of the user's support. Interest is what the base predicts, real and virtual, never below 0;
popularity is the form that the base falls back to. The more is known of a user, the less popularity needs to say.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, Evidence, NewUsers, Provenance, Training
from tasks.recommenders.base import EvidenceOf, FittedRecommender
from tasks.recommenders.collaborative import CollaborativeFilter, CollaborativeSettings, Interest
from tasks.recommenders.item_knn import ItemKNNCosine, ItemKNNPearson
from tasks.recommenders.user_knn import UserKNNCosine, UserKNNPearson


@dataclass(eq=False)
class FittedBlend(FittedRecommender):
    """A collaborative filter and a popularity prior.

    Attributes:
        provenance: The users and times it was fitted on.
        base: Predicts interest.
        prior: float32 (I,), weight · popularity / largest popularity.
        fade: How fast the prior fades as the support grows, at least 0.

    """

    provenance: Provenance
    base: CollaborativeFilter
    prior: NDArray[np.float32]
    fade: float

    def __post_init__(self) -> None:
        self.n_items = self.base.n_items

    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """Scores (B, I)."""
        out = np.empty((len(users), self.n_items), dtype=np.float32)
        self.score_into(users, out)
        return out

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """As in ``FittedRecommender``."""
        interest = self.base.interest(users)
        largest = interest.largest()
        scale = np.divide(1, largest, out=np.zeros_like(largest), where=largest > 0)
        faded = (np.maximum(users.shots, 1) ** -float(self.fade)).astype(np.float32)
        np.multiply(faded[:, None], self.prior, out=out)
        interest.add(out, scale)
        return lambda ids: self._explain(interest, scale, faded, out, ids)

    def evidence(self, users: NewUsers, ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Popularity where the prior is the larger part, else real or virtual by the larger part of interest."""
        return self.score_into(users, np.empty((len(users), self.n_items), dtype=np.float32))(ids)

    def _explain(
        self,
        interest: Interest,
        scale: NDArray[np.float32],
        faded: NDArray[np.float32],
        scores: NDArray[np.float32],
        ids: NDArray[np.int32],
    ) -> NDArray[np.uint8]:
        listed = np.where(ids == NO_ITEM, 0, ids)
        prior = self.prior[listed] * faded[:, None]
        predicted = np.take_along_axis(scores, listed, axis=1) - prior
        carried = np.full(ids.shape, Evidence.REAL, dtype=np.uint8)
        real = interest.real_at(listed)
        if real is not None:
            real = real * scale[:, None]
            carried[real < predicted - real] = Evidence.VIRTUAL
        carried[predicted <= prior] = Evidence.POPULARITY
        return carried


@dataclass(frozen=True)
class Blend:
    """Settings of a blend; each collaborative filter has a subclass that names it as the type of ``base``.

    Attributes:
        base: The collaborative filter; its fallback names the form of popularity.
        weight: Of popularity for users with one item, above 0.
        fade: Power of the number of items by which that weight falls, at least 0; 0 keeps it.

    """

    base: CollaborativeSettings
    weight: float = 0.1
    fade: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.weight < float("inf"):
            raise ValueError(f"weight must be above 0, got {self.weight}")
        if not 0 <= self.fade < float("inf"):
            raise ValueError(f"fade must be at least 0, got {self.fade}")

    def fit(self, training: Training) -> FittedBlend:
        """Fit the base and the prior."""
        fitted = self.base.fit(training)
        seen = fitted.provenance
        counts = self.base.fallback.counts(training)
        prior = self.weight * counts / max(counts.max(initial=0), np.finfo(np.float64).tiny)
        provenance = Provenance(f"{seen.artefact}_blend", seen.users, seen.users_digest, seen.newest)
        return FittedBlend(provenance, fitted, prior.astype(np.float32), self.fade)


@dataclass(frozen=True)
class UserKNNCosineBlend(Blend):
    """User-based with cosine, blended."""

    base: UserKNNCosine = field(default_factory=UserKNNCosine)


@dataclass(frozen=True)
class UserKNNPearsonBlend(Blend):
    """User-based with Pearson, blended."""

    base: UserKNNPearson = field(default_factory=UserKNNPearson)


@dataclass(frozen=True)
class ItemKNNCosineBlend(Blend):
    """Item-based with cosine, blended."""

    base: ItemKNNCosine = field(default_factory=ItemKNNCosine)


@dataclass(frozen=True)
class ItemKNNPearsonBlend(Blend):
    """Item-based with Pearson, blended."""

    base: ItemKNNPearson = field(default_factory=ItemKNNPearson)
