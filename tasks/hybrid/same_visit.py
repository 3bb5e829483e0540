"""Item-based collaborative filtering over visits: what lies in one basket, rather than with one user ever.

Users shop for several purposes; a visit mostly for one. Where visits are known, items are compared by the visits that
hold both, cosine with a damped denominator as in ``tasks.recommenders.item_knn``.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from tasks.domain import Provenance, Training
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.item_knn import FittedItemKNN
from tasks.recommenders.similarity import COSINE, Neighbourhood, NeighbourSettings, Rows


@dataclass(frozen=True)
class SameVisit(NeighbourSettings):
    """Settings.

    Attributes:
        neighbours: Most similar items kept per item, at least 1.
        shrink: Added to the denominator of similarities, at least 0.
        fallback: Orders what is similar to nothing in the profile.

    """

    neighbours: int = 300
    shrink: float = 20.0
    fallback: Fallback = field(default_factory=Fallback)

    def fit(self, training: Training) -> FittedItemKNN:
        """Compare the items by the first visits that hold them; without visits, by users."""
        histories = training.warm.histories
        rows = Rows(_by_item(training), COSINE)
        return FittedItemKNN(
            provenance=Provenance.of("same_visit", histories.users, histories.times),
            similar=Neighbourhood(rows, self.neighbours, self.shrink).of(rows, without_self=True),
            fallback=self.fallback.order(training),
        )


def _by_item(training: Training) -> csr_array:
    """CSR (I, visits), the weight of an item where it was first touched in a visit."""
    histories = training.warm.histories
    visits = histories.rows.row_of_entry * (int(histories.visits.max(initial=0)) + 1) + histories.visits
    _, column = np.unique(visits, return_inverse=True)
    shape = (training.n_items, int(column.max(initial=-1)) + 1)
    matrix = csr_array((histories.weights, (histories.items, column)), shape=shape)
    matrix.sort_indices()
    return matrix
