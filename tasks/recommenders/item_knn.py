"""Item-based collaborative filtering on real and virtual behaviour.

Each item keeps its most similar items, itself left out; a user's interest in item j is the sum of their
similarities to the items of the profile, times the weights there (Deshpande and Karypis 2004, section 4).
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.collaborative import CollaborativeFilter, Fallback, Interest, Profiles
from tasks.recommenders.similarity import COSINE, PEARSON, Neighbourhood, NeighbourSettings, Rows, Similarity


@dataclass(eq=False)
class FittedItemKNN(CollaborativeFilter):
    """Similar items.

    Attributes:
        provenance: The users and times it was fitted on.
        similar: CSR (I, I), row i holds the items most similar to item i.
        fallback: float32 (I,), in (-1, 0].

    """

    provenance: Provenance
    similar: csr_array
    fallback: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = self.similar.shape[0]

    def interest(self, users: NewUsers) -> Interest:
        """Interest of one block of users in items.

        Real is what support items carry; similarities themselves may rest on virtual users too.
        """
        profiles = Profiles.of(users, self.n_items)
        total: csr_array = profiles.whole @ self.similar
        return Interest(total, None if profiles.are_real else lambda: csr_array(profiles.real @ self.similar))


@dataclass(frozen=True)
class ItemKNN(NeighbourSettings):
    """Settings of item-based collaborative filtering.

    Attributes:
        neighbours: Most similar items kept per item, at least 1.
        shrink: Added to the denominator of similarities, at least 0.
        fallback: Orders what is similar to nothing in the profile.

    """

    similarity: ClassVar[Similarity]
    neighbours: int = 200
    shrink: float = 20.0
    fallback: Fallback = field(default_factory=Fallback)

    def fit(self, training: Training) -> FittedItemKNN:
        """Compare the items by the users that hold them, virtual users included."""
        histories = training.warm.histories
        columns = csr_array(training.behaviour().T.tocsr())
        columns.sort_indices()
        rows = Rows(columns, self.similarity)
        return FittedItemKNN(
            provenance=Provenance.of(f"item_knn_{self.similarity.name}", histories.users, histories.times),
            similar=Neighbourhood(rows, self.neighbours, self.shrink).of(rows, without_self=True),
            fallback=self.fallback.order(training),
        )


@dataclass(frozen=True)
class ItemKNNCosine(ItemKNN):
    """Item-based, cosine similarity."""

    similarity = COSINE


@dataclass(frozen=True)
class ItemKNNPearson(ItemKNN):
    """Item-based, Pearson correlation over all warm users."""

    similarity = PEARSON
