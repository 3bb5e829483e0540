"""Users the shop hardly knows, as recommenders and generators see them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain.ragged import Ragged
from tasks.domain.virtual import VirtualBehaviour


@dataclass(frozen=True, slots=True)
class UserFeatures:
    """Encoded side features of users.

    Attributes:
        categories: int32 (U, F), 0 is unknown.
        numbers: float32 (U, N), scaled; 0 where missing.

    """

    categories: NDArray[np.int32]
    numbers: NDArray[np.float32]

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> "UserFeatures":
        """The chosen users only (mask or positions)."""
        return UserFeatures(self.categories[chosen], self.numbers[chosen])

    @classmethod
    def none(cls, users: int) -> "UserFeatures":
        """No features at all for this many users."""
        return cls(np.zeros((users, 0), dtype=np.int32), np.zeros((users, 0), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class NewUsers:
    """Ragged supports of new users with what else is known of them.

    Attributes:
        rows: Boundaries of each user's support; a support may be empty.
        items: int32 (N,), rows of the catalogue, distinct within a user, in order of first touch.
        times: int64 (N,), microseconds since 1970-01-01 UTC; None without times.
        weights: float32 (N,), > 0.
        features: Encoded side features, U rows.
        now: int64 (U,), the time of the first event (of the request where there is none); None without times.
        ids: uint64 (U,), a stable number per user that seeds ties and noise.
        virtual: Virtual interactions, (U, I); None where nothing was generated.

    """

    rows: Ragged
    items: NDArray[np.int32]
    times: NDArray[np.int64] | None
    weights: NDArray[np.float32]
    features: UserFeatures
    now: NDArray[np.int64] | None
    ids: NDArray[np.uint64]
    virtual: VirtualBehaviour | None = None

    def __post_init__(self) -> None:
        users, entries = self.rows.rows, int(self.rows.indptr[-1])
        if len(self.items) != entries or len(self.weights) != entries:
            raise ValueError(f"expected {entries} items and weights, got {len(self.items)} and {len(self.weights)}")
        if len(self.ids) != users or len(self.features.categories) != users:
            raise ValueError(
                f"expected {users} ids and feature rows, got {len(self.ids)} and {len(self.features.categories)}"
            )
        if entries and self.items.min() < 0:
            raise ValueError("supports hold catalogue items only: drop and count the others first")
        if self.virtual is not None and self.virtual.matrix.shape[0] != users:
            raise ValueError(f"expected virtual behaviour of {users} users, got {self.virtual.matrix.shape[0]}")

    def __len__(self) -> int:
        return self.rows.rows

    @property
    def shots(self) -> NDArray[np.int64]:
        """n, the number of catalogue items in each support, shape (U,)."""
        return self.rows.lengths

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> "NewUsers":
        """The chosen users only (mask or positions)."""
        positions = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else np.asarray(chosen)
        entries = self.rows.entries_of(positions)
        virtual = self.virtual
        if virtual is not None:
            virtual = replace(virtual, matrix=virtual.matrix[positions])
        return NewUsers(
            rows=Ragged.from_lengths(self.rows.lengths[positions]),
            items=self.items[entries],
            times=None if self.times is None else self.times[entries],
            weights=self.weights[entries],
            features=self.features.select(positions),
            now=None if self.now is None else self.now[positions],
            ids=self.ids[positions],
            virtual=virtual,
        )

    def keeping(self, kept: NDArray[np.bool_]) -> "NewUsers":
        """The same users with these entries of their supports only (mask (N,)); all else stays, virtual items too."""
        return replace(
            self,
            rows=Ragged.from_lengths(np.bincount(self.rows.row_of_entry[kept], minlength=len(self))),
            items=self.items[kept],
            times=None if self.times is None else self.times[kept],
            weights=self.weights[kept],
        )

    def support(self, n_items: int) -> csr_array:
        """Real behaviour: CSR (U, n_items), float32 weights, sorted indices."""
        # 32-bit like the items: scipy would widen the indices of everything this is multiplied with, as a copy.
        indptr = self.rows.indptr.astype(np.int32)
        matrix = csr_array((self.weights, self.items, indptr), shape=(len(self), n_items), dtype=np.float32, copy=True)
        matrix.sort_indices()
        return matrix

    def with_virtual(self, virtual: VirtualBehaviour | None) -> "NewUsers":
        """The same users with this virtual behaviour."""
        return self if virtual is self.virtual else replace(self, virtual=virtual)


@dataclass(frozen=True, slots=True)
class Posed:
    """A question posed to users at one number of shots: what is shown, what is to be found.

    Attributes:
        question: ``next_visits``, ``this_visit`` or ``rest``.
        shots: Number of support items shown; None stands for all of the first visit.
        population: int64 (U,), positions in the population (or warm users) it was posed to.
        users: The supports.
        targets: CSR (U, I), 1.0 per target inside the catalogue; support items are never among them.
        outside_targets: int64 (U,), targets outside the catalogue (misses in ``strict`` figures).
        outside_support: int64 (U,), support items outside the catalogue, dropped.
        repeats: CSR (U, I), items of the support that come again later (reported apart), or None.

    """

    question: str
    shots: int | None
    population: NDArray[np.int64]
    users: NewUsers
    targets: csr_array
    outside_targets: NDArray[np.int64]
    outside_support: NDArray[np.int64]
    repeats: csr_array | None = None

    @property
    def shots_name(self) -> str:
        """``shots_3``, or ``shots_all``."""
        return "shots_all" if self.shots is None else f"shots_{self.shots}"
