"""Collaborative filtering blended with popularity: the standard repair where profiles hold few events.

score = interest / (largest interest of the user) + weight · popularity / (largest popularity). Interest is what
the base predicts, real and virtual; popularity is the form that the base falls back to.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NO_ITEM, Evidence, NewUsers, Provenance, Training
from tasks.recommenders.base import EvidenceOf, FittedRecommender
from tasks.recommenders.collaborative import CollaborativeFilter, Interest, places_in_block
from tasks.recommenders.item_knn import ItemKNN, ItemKNNCosine, ItemKNNPearson
from tasks.recommenders.user_knn import UserKNN, UserKNNCosine, UserKNNPearson


@dataclass(eq=False)
class FittedBlend(FittedRecommender):
    """A collaborative filter and a popularity prior.

    Attributes:
        provenance: The users and times it was fitted on.
        base: Predicts interest.
        prior: float32 (I,), weight · popularity / largest popularity.

    """

    provenance: Provenance
    base: CollaborativeFilter
    prior: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = self.base.n_items

    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """Scores (B, I)."""
        out = np.empty((len(users), self.n_items), dtype=np.float32)
        self.score_into(users, out)
        return out

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """As in ``FittedRecommender``: only this block is ever dense."""
        interest = self.base.interest(users)
        row = np.repeat(np.arange(len(users)), np.diff(interest.total.indptr))
        largest = np.zeros(len(users), dtype=np.float32)
        np.maximum.at(largest, row, interest.total.data)
        scale = np.divide(1, largest, out=np.zeros_like(largest), where=largest > 0)
        out[...] = self.prior
        out.reshape(-1)[places_in_block(interest.total)] += interest.total.data * scale[row]
        return lambda ids: self._explain(interest, scale, out, ids)

    def evidence(self, users: NewUsers, ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Popularity where the prior is the larger part, else real or virtual by the larger part of interest."""
        return self.score_into(users, np.empty((len(users), self.n_items), dtype=np.float32))(ids)

    def _explain(
        self, interest: Interest, scale: NDArray[np.float32], scores: NDArray[np.float32], ids: NDArray[np.int32]
    ) -> NDArray[np.uint8]:
        listed = np.where(ids == NO_ITEM, 0, ids)
        prior = self.prior[listed]
        predicted = np.take_along_axis(scores, listed, axis=1) - prior
        carried = np.full(ids.shape, Evidence.REAL, dtype=np.uint8)
        if interest.real is not None:
            real = np.take_along_axis(csr_array(interest.real()).toarray(), listed, axis=1) * scale[:, None]
            carried[real < predicted - real] = Evidence.VIRTUAL
        carried[predicted <= prior] = Evidence.POPULARITY
        return carried


@dataclass(frozen=True)
class Blend:
    """Settings of a blend.

    Attributes:
        base: The collaborative filter; its fallback names the form of popularity.
        weight: Of popularity, above 0.

    """

    base: UserKNN | ItemKNN
    weight: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.weight < float("inf"):
            raise ValueError(f"weight must be above 0, got {self.weight}")

    def fit(self, training: Training) -> FittedBlend:
        """Fit the base and the prior."""
        fitted = self.base.fit(training)
        seen = fitted.provenance
        counts = self.base.fallback.counts(training)
        prior = self.weight * counts / max(counts.max(initial=0), np.finfo(np.float64).tiny)
        provenance = Provenance(f"{seen.artefact}_blend", seen.users, seen.users_digest, seen.newest)
        return FittedBlend(provenance, fitted, prior.astype(np.float32))


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
