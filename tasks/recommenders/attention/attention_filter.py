"""Attention in collaborative filtering: which items of a profile, and which users like it, speak for an item.

Interest in item i is a mixture of two distributions over the catalogue,

    p(i) = g(n) · Σ_k b_k · R_ki / |R_k|  +  (1 − g(n)) · Σ_j a_j · S_ji / |S_j|,

with b attention over the most similar warm users k (rows R of behaviour), a attention over the profile's items j
(rows S of item similarity), each a softmax of a few features (query–key attention as in Vaswani et al. 2017, the
keys being given rather than embedded), and g how much neighbours count, smooth in the number n of items. The weights
maximise the likelihood of what warm users took after their first items; see ``learn``. They are the explanation, too.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.attention.learn import learn
from tasks.recommenders.attention.looks import ItemLooks, NeighbourLooks
from tasks.recommenders.attention.weights import AttentionWeights, start
from tasks.recommenders.collaborative import CollaborativeFilter, Fallback, Interest, Profiles
from tasks.recommenders.similarity import COSINE, Neighbourhood, NeighbourSettings, Rows


@dataclass(frozen=True, slots=True)
class Attention:
    """Where a block of users' attention goes.

    Attributes:
        neighbours: CSR (B, U), weights of warm users, with their share of the balance: rows sum to it.
        items: CSR (B, I), weights of the profile's items, rows sum to the rest.
        neighbours_virtual: float32 (neighbours.nnz,), how much of a neighbour's likeness is virtual, 0 … 1.
        items_virtual: float32 (items.nnz,), 1 for virtual items.

    """

    neighbours: csr_array
    items: csr_array
    neighbours_virtual: NDArray[np.float32]
    items_virtual: NDArray[np.float32]

    def real(self) -> "tuple[csr_array, csr_array]":
        """The weights that real behaviour carries."""
        parts = ((self.neighbours, self.neighbours_virtual), (self.items, self.items_virtual))
        neighbours, items = (
            csr_array((matrix.data * (1 - virtual), matrix.indices, matrix.indptr), shape=matrix.shape)
            for matrix, virtual in parts
        )
        return neighbours, items


@dataclass(eq=False)
class FittedAttention(CollaborativeFilter):
    """Warm behaviour, similar items, and the learned weights.

    Attributes:
        provenance: The users and times it was fitted on.
        behaviour: CSR (U, I).
        similar: CSR (I, I), similarities of items, none with itself.
        last_seen: int64 (U,), each warm user's last touch; None without times.
        categories: int32 (U, F).
        weights: float64, see ``AttentionWeights.values``.
        virtual: See ``AttentionWeights.virtual``.
        neighbours: Most warm users per profile.
        shrink: Added to the denominator of their similarities.
        fallback: float32 (I,), in (-1, 0].

    """

    provenance: Provenance
    behaviour: csr_array
    similar: csr_array
    last_seen: NDArray[np.int64] | None
    categories: NDArray[np.int32]
    weights: NDArray[np.float64]
    virtual: float
    neighbours: int
    shrink: float
    fallback: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = self.behaviour.shape[1]
        self.learned = AttentionWeights(self.weights, self.virtual)
        self.neighbour_looks = NeighbourLooks(
            self.behaviour, self.last_seen, self.categories, self.neighbours, self.shrink
        )
        users = np.bincount(self.behaviour.indices, minlength=self.n_items)
        self.item_looks = ItemLooks(np.log1p(users).astype(np.float32), self.similar)
        self.held_shares, self.similar_shares = shares_of(self.behaviour), shares_of(self.similar)

    def attention(self, users: NewUsers) -> Attention:
        """Where the attention of one block of users goes."""
        profiles = Profiles.of(users, self.n_items)
        neighbours, items = self.neighbour_looks.of(users, profiles), self.item_looks.of(users, profiles)
        balance = self.learned.balance(np.diff(profiles.whole.indptr))
        return Attention(
            neighbours=_scaled(neighbours.attention(self.learned.neighbours(neighbours)), balance),
            items=_scaled(items.attention(self.learned.items(items)), 1 - balance),
            neighbours_virtual=neighbours.virtual,
            items_virtual=items.virtual,
        )

    def interest(self, users: NewUsers) -> Interest:
        """Interest of one block of users in items."""
        attention = self.attention(users)
        total = self._spread(attention.neighbours, attention.items)
        if users.virtual is None or users.virtual.matrix.nnz == 0:
            return Interest(total, None)
        return Interest(total, lambda: self._spread(*attention.real()))

    def _spread(self, neighbours: csr_array, items: csr_array) -> csr_array:
        found = csr_array(neighbours @ self.held_shares + items @ self.similar_shares)
        found.sort_indices()
        return found


@dataclass(frozen=True)
class AttentionFilter(NeighbourSettings):
    """Settings.

    Attributes:
        neighbours: Most warm users per profile, at least 1.
        shrink: Added to the denominator of similarities between users, at least 0.
        similar_items: Most similar items kept per item, at least 1.
        item_shrink: Added to the denominator of similarities between items, at least 0.
        ridge: How strongly the weights are drawn to where they start, at least 0.
        virtual: Added to the logit of virtual items and of neighbours found through them.
        fallback: Orders what gets no attention.

    """

    neighbours: int = 300
    shrink: float = 0.0
    similar_items: int = 50
    item_shrink: float = 20.0
    ridge: float = 0.001
    virtual: float = 0.0
    fallback: Fallback = field(default_factory=Fallback)

    def fit(self, training: Training) -> FittedAttention:
        """Compare items and users, and learn from the warm users' episodes."""
        histories, behaviour = training.warm.histories, training.warm.matrix()
        behaviour.data[:] = 1
        by_item = csr_array(behaviour.T.tocsr())
        by_item.sort_indices()
        rows = Rows(by_item, COSINE)
        last_seen = None
        if histories.times is not None:
            last_seen = np.zeros(histories.rows.rows, dtype=np.int64)
            np.maximum.at(last_seen, histories.rows.row_of_entry, histories.times)

        untrained = FittedAttention(
            provenance=Provenance.of("attention", histories.users, histories.times),
            behaviour=behaviour,
            similar=Neighbourhood(rows, self.similar_items, self.item_shrink).of(rows, without_self=True),
            last_seen=last_seen,
            categories=training.user_features.categories,
            weights=start(),
            virtual=self.virtual,
            neighbours=self.neighbours,
            shrink=self.shrink,
            fallback=self.fallback.order(training),
        )
        return replace(untrained, weights=learn(untrained, training.episodes, self.item_shrink, self.ridge))


def shares_of(matrix: csr_array) -> csr_array:
    """Rows divided by their sums; empty rows stay empty."""
    sums = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    return csr_array(diags_array(np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)) @ matrix).astype(
        np.float32
    )


def _scaled(matrix: csr_array, factors: NDArray[np.float64]) -> csr_array:
    matrix.data *= np.repeat(factors, np.diff(matrix.indptr)).astype(np.float32)
    return matrix
