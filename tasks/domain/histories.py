"""Users as the split hands them on: distinct items in order of first touch."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain.ragged import Ragged

OUTSIDE = -1
"""Item code of an item outside the catalogue (no warm user touched it)."""


@dataclass(frozen=True, slots=True)
class Histories:
    """Distinct items per user in order of first touch, ties broken by a seeded hash of (user, item).

    Attributes:
        users: int32 (U,), rows of ``EventLog.users``.
        rows: Boundaries of each user's items.
        items: int32 (N,), row of the catalogue, or ``OUTSIDE``.
        times: int64 (N,), microseconds since 1970-01-01 UTC of the first touch; None without times.
        visits: int32 (N,), the user's visit of the first touch, 0 for the first; all 0 without times.
        weights: float32 (N,), > 0.
        is_target: bool (N,), False for what was cancelled before the user's cut, or only looked at: such an item may
            be part of a support, never of the targets.
        repeat_rows: Boundaries of each user's repeats.
        repeat_items: int32 (M,), catalogue rows touched again in a visit later than the first touch.
        opening_weights: float32 (N,), what is known of the weight at the first touch itself, while its visit goes on;
            None where that is ``weights``.
        taken_at_once: bool (N,), whether a target was more than looked at in the visit of its first touch; None where
            every touch is.

    """

    users: NDArray[np.int32]
    rows: Ragged
    items: NDArray[np.int32]
    times: NDArray[np.int64] | None
    visits: NDArray[np.int32]
    weights: NDArray[np.float32]
    is_target: NDArray[np.bool_]
    repeat_rows: Ragged
    repeat_items: NDArray[np.int32]
    opening_weights: NDArray[np.float32] | None = None
    taken_at_once: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        entries = int(self.rows.indptr[-1])
        arrays = {"items": self.items, "visits": self.visits, "weights": self.weights, "is_target": self.is_target}
        optional = {"times": self.times, "opening_weights": self.opening_weights, "taken_at_once": self.taken_at_once}
        for name, array in (arrays | optional).items():
            if array is not None and len(array) != entries:
                raise ValueError(f"{name} must have {entries} entries, got {len(array)}")
        if len(self.users) != self.rows.rows or len(self.users) != self.repeat_rows.rows:
            raise ValueError(
                f"{len(self.users)} users, but {self.rows.rows} rows and {self.repeat_rows.rows} repeat rows"
            )

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> "Histories":
        """The chosen users only (mask or positions, shape (U,) or (n,))."""
        positions = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else np.asarray(chosen)
        entries, repeats = self.rows.entries_of(positions), self.repeat_rows.entries_of(positions)
        return Histories(
            users=self.users[positions],
            rows=Ragged.from_lengths(self.rows.lengths[positions]),
            items=self.items[entries],
            times=None if self.times is None else self.times[entries],
            visits=self.visits[entries],
            weights=self.weights[entries],
            is_target=self.is_target[entries],
            repeat_rows=Ragged.from_lengths(self.repeat_rows.lengths[positions]),
            repeat_items=self.repeat_items[repeats],
            opening_weights=None if self.opening_weights is None else self.opening_weights[entries],
            taken_at_once=None if self.taken_at_once is None else self.taken_at_once[entries],
        )

    def matrix(self, n_items: int) -> csr_array:
        """User × item CSR of shape (U, n_items), float32 weights, sorted indices, catalogue items only."""
        inside = self.items != OUTSIDE
        rows = self.rows.row_of_entry[inside]
        matrix = csr_array(
            (self.weights[inside], (rows, self.items[inside])), shape=(self.rows.rows, n_items), dtype=np.float32
        )
        matrix.sort_indices()
        return matrix


@dataclass(frozen=True, slots=True)
class Warm:
    """The users everything is fitted on; only rows before the first cut.

    Attributes:
        histories: Their items; none is outside the catalogue.
        n_items: Size I of the catalogue.
        users: Raw user features, one row per user in the order of ``histories.users``.
        gives_episodes: bool (U,), False for users first seen during the burn-in, whose first visit is unknown.
        now: int64, the cut: microseconds since 1970-01-01 UTC, later than every row; None without times.
        as_new: The same users seen as new users are, for episodes: support items that were cancelled later are still
            there (as no targets, and perhaps outside the catalogue), and a weight is that of the visit of the first
            touch. None where ``histories`` serves.

    """

    histories: Histories
    n_items: int
    users: pl.DataFrame
    gives_episodes: NDArray[np.bool_]
    now: int | None
    as_new: Histories | None = None

    def matrix(self) -> csr_array:
        """User × item CSR of shape (U, I), float32."""
        return self.histories.matrix(self.n_items)


@dataclass(frozen=True, slots=True)
class Population:
    """New users: validation or test.

    Attributes:
        histories: Their items up to their cut; items may be outside the catalogue.
        users: Raw user features, one row per user in the order of ``histories.users``.
        half: uint8 (U,), 0 for half A (tuning), 1 for half B (reporting); all 0 for test users.
        fold: uint8 (U,), 0 … 4, for what is cross-fitted on half B.

    """

    histories: Histories
    users: pl.DataFrame
    half: NDArray[np.uint8]
    fold: NDArray[np.uint8]

    def select(self, chosen: NDArray[np.bool_]) -> "Population":
        """The chosen users only (mask of shape (U,))."""
        return Population(
            self.histories.select(chosen), self.users.filter(pl.Series(chosen)), self.half[chosen], self.fold[chosen]
        )
