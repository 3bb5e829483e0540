"""RP3beta: item-based filtering by random walks, with popular ends of the walk held down.

A walk goes from an item to a user who holds it and on to another item of that user. With transition probabilities
p_iu (of item i's users) and p_uj (of user u's items), each in proportion to the weights, and d_j the weight of item
j over all users, the similarity is

    s_ij = Σ_u p_iu^alpha · p_uj^alpha / d_j^beta,

and a user's interest in j is the sum of s_ij over the items of the profile, times the weights there (Paudel,
Christoffel, Newell and Bernstein 2017, "Updatable, Accurate, Diverse, and Scalable Recommendations for Interactive
Applications").
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array, eye_array

from tasks.domain import Provenance, Training
from tasks.recommenders.blend import Blend
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.item_knn import FittedItemKNN


@dataclass(frozen=True)
class RP3Beta:
    """Settings of RP3beta.

    Attributes:
        alpha: Power of the transition probabilities, above 0.
        beta: How much popularity counts against an item, at least 0; 0 is P3alpha.
        neighbours: Most similar items kept per item, itself left out, at least 1.
        fallback: Orders what no walk reaches.

    """

    alpha: float = 0.5
    beta: float = 0.1
    neighbours: int = 300
    fallback: Fallback = field(default_factory=Fallback)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < float("inf"):
            raise ValueError(f"alpha must be above 0, got {self.alpha}")
        if not 0 <= self.beta < float("inf"):
            raise ValueError(f"beta must be at least 0, got {self.beta}")
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {self.neighbours}")

    def fit(self, training: Training) -> FittedItemKNN:
        """Walk over the warm behaviour, virtual users included."""
        histories = training.warm.histories
        return FittedItemKNN(
            provenance=Provenance.of("rp3beta", histories.users, histories.times),
            similar=self._similar(training.behaviour()),
            fallback=self.fallback.order(training),
        )

    def _similar(self, behaviour: csr_array) -> csr_array:
        """CSR (I, I), float32, indices sorted, from CSR (U, I)."""
        from similaripy import rp3beta

        n_items = behaviour.shape[1]
        if not behaviour.nnz:
            return csr_array((n_items, n_items), dtype=np.float32)
        found = rp3beta(
            csr_array(behaviour.T.tocsr()),
            behaviour,
            alpha=self.alpha,
            beta=self.beta,
            k=self.neighbours,
            filter_cols=eye_array(n_items, format="csr", dtype=np.float32),
            verbose=False,
            format_output="csr",
        )
        similar = csr_array(found)
        similar.sort_indices()
        return similar


@dataclass(frozen=True)
class RP3BetaBlend(Blend):
    """RP3beta, blended."""

    base: RP3Beta = field(default_factory=RP3Beta)
