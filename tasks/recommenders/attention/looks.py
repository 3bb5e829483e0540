"""What attention looks at: the items of a profile and the warm users like it, with what speaks for each of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NewUsers
from tasks.recommenders.collaborative import Profiles
from tasks.recommenders.similarity import COSINE, Neighbourhood, Rows

NEIGHBOUR_FEATURES = ("log_similarity", "log_items_held", "log_days_apart", "same_categories")
ITEM_FEATURES = ("log_users", "log_places_from_end", "coherence")
_DAY = 86_400_000_000.0
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True)
class Looks:
    """Places attention can go to, user after user; users without any have no entry.

    Attributes:
        marks: CSR (B, N), sorted indices, 1.0 per place.
        features: float32 (marks.nnz, F), in the order of the entries.
        virtual: float32 (marks.nnz,), how much of the place is virtual: 0 … 1.
        log_weights: float32 (marks.nnz,), added to the logit as it is: the weight of the entry in the profile.

    """

    marks: csr_array
    features: NDArray[np.float32]
    virtual: NDArray[np.float32]
    log_weights: NDArray[np.float32]

    @property
    def rows(self) -> NDArray[np.int64]:
        """The user of each entry."""
        return np.repeat(np.arange(self.marks.shape[0], dtype=np.int64), np.diff(self.marks.indptr))

    def softmax(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Softmax of logits within each user, in the order of the entries; each user's sum to 1."""
        starts, lengths = self.marks.indptr[:-1], np.diff(self.marks.indptr)
        if not len(logits):
            return np.zeros(0)
        held = lengths > 0
        rows = np.repeat(np.arange(int(held.sum())), lengths[held])
        values = np.exp(logits.astype(np.float64) - np.maximum.reduceat(logits, starts[held])[rows])
        shares: NDArray[np.float64] = values / np.add.reduceat(values, starts[held])[rows]
        return shares

    def attention(self, logits: NDArray[np.floating]) -> csr_array:
        """The softmax as CSR (B, N), float32."""
        values = self.softmax(logits).astype(np.float32)
        return csr_array((values, self.marks.indices, self.marks.indptr), shape=self.marks.shape)


@dataclass(eq=False)
class NeighbourLooks:
    """Finds the warm users like a profile.

    Args:
        behaviour: CSR (U, I) of the warm users.
        last_seen: int64 (U,), their last touch; None without times.
        categories: int32 (U, F), their features.
        neighbours: Most neighbours per profile.
        shrink: Added to the denominator of similarities.

    """

    behaviour: csr_array
    last_seen: NDArray[np.int64] | None
    categories: NDArray[np.int32]
    neighbours: int
    shrink: float

    def __post_init__(self) -> None:
        self.warm = Neighbourhood(Rows(self.behaviour, COSINE), self.neighbours, self.shrink)
        self._held = np.log1p(np.diff(self.behaviour.indptr)).astype(np.float32)

    def of(self, users: NewUsers, profiles: Profiles, own: NDArray[np.integer] | None = None) -> Looks:
        """Neighbours of a block of users.

        Args:
            users: The users (B,).
            profiles: Their profiles.
            own: Rows of warm users who are these users themselves (B,), never their own neighbours.

        """
        queries = Rows(profiles.whole, COSINE)
        similar = self.warm.of(queries)
        if own is not None:
            similar.data[similar.indices == np.repeat(own, np.diff(similar.indptr))] = 0
            similar.eliminate_zeros()
        row = np.repeat(np.arange(similar.shape[0]), np.diff(similar.indptr))
        virtual = np.zeros(similar.nnz, dtype=np.float32)
        if not profiles.are_real:
            real = self.warm.share(Rows(profiles.real, COSINE), queries, similar)
            virtual = np.clip(1 - real.data / np.maximum(similar.data, _SMALLEST), 0, 1).astype(np.float32)
        days = np.zeros(similar.nnz, dtype=np.float32)
        if self.last_seen is not None and users.now is not None:
            days = np.abs(users.now[row] - self.last_seen[similar.indices]).astype(np.float64) / _DAY
        same = np.zeros(similar.nnz, dtype=np.float32)
        if self.categories.shape[1]:
            theirs, known = self.categories[similar.indices], users.features.categories[row]
            same = ((theirs == known) & (known > 0)).mean(axis=1, dtype=np.float32)
        features = np.stack(
            [
                np.log(np.maximum(similar.data, _SMALLEST)),
                self._held[similar.indices],
                np.log1p(days).astype(np.float32),
                same,
            ],
            axis=1,
        )
        marks = csr_array((np.ones_like(similar.data), similar.indices, similar.indptr), shape=similar.shape)
        return Looks(marks, features, virtual, np.zeros(similar.nnz, dtype=np.float32))


@dataclass(eq=False)
class ItemLooks:
    """Looks at the items of a profile.

    Args:
        log_users: float32 (I,), log(1 + warm users that hold the item).
        similar: CSR (I, I), similarities of items.

    """

    log_users: NDArray[np.float32]
    similar: csr_array

    def of(self, users: NewUsers, profiles: Profiles) -> Looks:
        """The items of a block of users' profiles; virtual ones stand at the end."""
        whole, real = profiles.whole, profiles.real
        row = np.repeat(np.arange(whole.shape[0], dtype=np.int64), np.diff(whole.indptr))
        is_real = np.ones(whole.nnz, dtype=np.bool_)
        if not profiles.are_real:
            keys = row * whole.shape[1] + whole.indices
            is_real = np.isin(
                keys, np.repeat(np.arange(len(users)), np.diff(real.indptr)) * whole.shape[1] + real.indices
            )
        # The log tells places in time, CSR those of the catalogue.
        places = np.zeros(whole.nnz, dtype=np.float32)
        from_end = users.rows.lengths[users.rows.row_of_entry] - 1 - users.rows.position_in_row
        order = np.lexsort((users.items, users.rows.row_of_entry))
        places[is_real] = from_end[order]
        ones = csr_array((np.ones_like(whole.data), whole.indices, whole.indptr), shape=whole.shape)
        near = csr_array((ones @ self.similar).multiply(ones))
        near.sort_indices()
        coherence = np.zeros(whole.nnz, dtype=np.float32)
        keys = row * whole.shape[1] + whole.indices
        near_rows = np.repeat(np.arange(near.shape[0], dtype=np.int64), np.diff(near.indptr))
        coherence[np.searchsorted(keys, near_rows * near.shape[1] + near.indices)] = near.data
        coherence /= np.maximum(np.diff(whole.indptr)[row] - 1, 1)
        features = np.stack([self.log_users[whole.indices], np.log1p(places), coherence], axis=1)
        weights = whole.data.copy()
        weights[is_real] = real.data  # both in the order of the catalogue
        log_weights = np.log(np.maximum(weights, _SMALLEST)).astype(np.float32)
        return Looks(ones, features.astype(np.float32), (~is_real).astype(np.float32), log_weights)
