"""Popularity within the user's segment: users of the same age group, area … as far as there are enough of them.

With n_cj the count of item j among warm users of class c, n_c = Σ_j n_cj, and q_j the item's share of the counts of all
warm users, the item's share in the class is drawn to q_j like a multinomial to its Dirichlet prior:

    p_cj = (n_cj + strength · q_j) / (n_c + strength).

A user's score of item j is the mean of p_cj over the user's known classes, one per column of user features; q_j where
none is known. Counts are those of a form of popularity. Numbers among the features are not used.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.base import EvidenceOf
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.decayed_popularity import DecayedPopularity
from tasks.recommenders.popularity import FittedPopularity


@dataclass(eq=False)
class FittedSegmentPopularity(FittedPopularity):
    """Shares per item and counts per class and item.

    Attributes:
        provenance: The users and times it was fitted on.
        scores: float32 (I,), q above.
        counts: CSR (C, I), float32, n above; the classes of all columns one after the other.
        widths: int32 (F,), classes per column of user categories: codes 1 … width.
        strength: Counts that the prior is worth.

    """

    counts: csr_array
    widths: NDArray[np.int32]
    strength: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self._worth = self.counts.sum(axis=1) + self.strength  # (C,)

    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """Scores (B, I).

        Raises:
            ValueError: The users have other columns of categories than the warm users had.

        """
        out = np.empty((len(users), self.n_items), dtype=np.float32)
        self.score_into(users, out)
        return out

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """As in ``FittedRecommender``; errors as in ``score``."""
        classes = class_membership(users.features.categories, self.widths)
        known = np.diff(classes.indptr)
        classes.data = (1 / (np.repeat(known, known) * self._worth[classes.indices])).astype(np.float32)
        prior = np.where(known > 0, self.strength * classes.sum(axis=1), 1).astype(np.float32)
        np.multiply(prior[:, None], self.scores, out=out)
        out += (classes @ self.counts).toarray()
        return lambda ids: self.evidence(users, ids)


def class_membership(categories: NDArray[np.int32], widths: NDArray[np.int32]) -> csr_array:
    """Which classes users belong to, CSR (U, C), 1.0 each, from codes (U, F); unknown classes have no entry.

    Raises:
        ValueError: There are other columns than ``widths`` (F,) has; no columns at all are unknown classes.

    """
    users, columns = categories.shape
    if columns not in (0, len(widths)):
        raise ValueError(f"expected {len(widths)} columns of user categories, as the warm users had, got {columns}")
    ends = np.cumsum(widths)
    codes = categories if columns else np.zeros((users, len(widths)), dtype=np.int32)
    known = (codes > 0) & (codes <= widths)
    indptr = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    indices = (codes + (ends - widths) - 1)[known]
    return csr_array((np.ones(len(indices), dtype=np.float32), indices, indptr), shape=(users, int(widths.sum())))


@dataclass(frozen=True)
class SegmentPopularity:
    """Settings of popularity within segments.

    Attributes:
        strength: How many counts the shares among all users are worth against those of a class, above 0.
        form: What counts: ``popularity``, ``decayed_popularity`` or ``late_popularity``.
        half_life_days: Of ``decayed_popularity``, in days, above 0.

    """

    strength: float = 100.0
    form: Literal["popularity", "decayed_popularity", "late_popularity"] = "popularity"
    half_life_days: float = 7.0

    def __post_init__(self) -> None:
        if not 0 < self.strength < float("inf"):
            raise ValueError(f"strength must be above 0, got {self.strength}")
        Fallback(self.form, self.half_life_days)  # checks the form and the half-life

    def fit(self, training: Training) -> FittedSegmentPopularity:
        """Count within classes; virtual users do not count."""
        categories, histories = training.user_features.categories, training.warm.histories
        widths = categories.max(axis=0, initial=0).astype(np.int32)
        touches = self.touches(training)
        counts = csr_array(class_membership(categories, widths).T @ touches).astype(np.float32)
        counts.sort_indices()
        overall = touches.sum(axis=0)
        return FittedSegmentPopularity(
            provenance=Provenance.of("segment_popularity", histories.users, histories.times),
            scores=(overall / max(overall.sum(), np.finfo(np.float64).tiny)).astype(np.float32),
            counts=counts,
            widths=widths,
            strength=self.strength,
        )

    def touches(self, training: Training) -> csr_array:
        """What each warm user adds to the counts of the form: CSR (U, I), float64; its sums over users are these."""
        histories, shape = training.warm.histories, (len(training.warm.histories.users), training.n_items)
        weights = histories.weights.astype(np.float64)
        if self.form == "decayed_popularity":
            weights = DecayedPopularity(self.half_life_days).weights(training)
        held = csr_array((weights, (histories.rows.row_of_entry, histories.items)), shape=shape)
        later = [posed for posed in training.episodes if posed.targets.nnz]
        if self.form != "late_popularity" or not later:
            return held
        users = np.concatenate([np.repeat(posed.population, np.diff(posed.targets.indptr)) for posed in later])
        items = np.concatenate([posed.targets.indices for posed in later])
        targets = csr_array((np.ones(len(items)), (users, items)), shape=shape)
        return csr_array(targets + held / (held.sum(axis=0).max() + 1))
