"""Filters of the hybrid for a few users: each adds its interest, in units of the user's largest, times a weight."""

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.hybrid.online import alike, attend, kernels
from tasks.hybrid.online.neighbours import SharedRows
from tasks.hybrid.online.profiles import SortedProfiles
from tasks.hybrid.online.room import RoomArrays
from tasks.recommenders.attention.attention_filter import FittedAttention
from tasks.recommenders.collaborative import CollaborativeFilter
from tasks.recommenders.ease import FittedEASE
from tasks.recommenders.ials import FittedIALS
from tasks.recommenders.item_knn import FittedItemKNN
from tasks.recommenders.similarity import COSINE, Neighbourhood
from tasks.recommenders.user_knn import FittedUserKNN

Columns = NDArray[np.int32] | None
"""Items that a filter speaks of, distinct; None where they are many."""


class OnlineFilter(Protocol):
    """A fitted filter, ready for a few users."""

    def add(self, profiles: SortedProfiles, weights: NDArray[np.float32], out: NDArray[np.float32]) -> Columns:
        """Add weight · interest / the user's largest interest, as ``FilterSource.add`` does.

        Args:
            profiles: Of B users.
            weights: float32 (B,).
            out: float32 (B, I), added to.

        Returns:
            Where something was added for the last user; the next call overwrites it.

        """
        ...


class OnlineItems:
    """A filter whose interest is a sum of rows of an item–item matrix: ItemKNN, RP3beta, text, visits, EASE."""

    def __init__(self, rows: csr_array, shared: SharedRows) -> None:
        self._rows, self._room = shared.of(rows), shared.room(rows.shape[1])

    def add(self, profiles: SortedProfiles, weights: NDArray[np.float32], out: NDArray[np.float32]) -> Columns:
        """As in ``OnlineFilter``."""
        arrays, own = self._room.arrays, (profiles.indptr, profiles.items, profiles.weights)
        return _first(arrays, kernels.add_rows(*own, *self._rows, *arrays, weights, out))


class OnlineUsers:
    """UserKNN by cosine."""

    def __init__(self, fitted: FittedUserKNN, shared: SharedRows) -> None:
        self._neighbours = shared.neighbours(fitted.warm)
        self._behaviour, self._room = shared.of(fitted.behaviour), shared.room(fitted.behaviour.shape[1])

    def add(self, profiles: SortedProfiles, weights: NDArray[np.float32], out: NDArray[np.float32]) -> Columns:
        """As in ``OnlineFilter``."""
        near, room, count = self._neighbours, self._room.arrays, 0
        for row, (one, met) in enumerate(zip(profiles.slices, near.met(profiles), strict=True)):
            count = alike.add_nearest(
                met, near.hood, profiles.items[one], self._behaviour, room, near.places, weights[row], out[row]
            )
        return _first(room, count)


class OnlineAttention:
    """Learned attention; what is virtual about a neighbour must not count in it."""

    def __init__(self, fitted: FittedAttention, shared: SharedRows) -> None:
        self._neighbours = shared.neighbours(fitted.neighbour_looks.warm)
        self._learned = np.array(fitted.learned.values[:7])
        self._balance = lru_cache(maxsize=4096)(lambda length: float(fitted.learned.balance(np.array(length))))
        held = np.log1p(np.diff(fitted.behaviour.indptr)).astype(np.float32)
        last_seen = np.full(len(held), np.nan) if fitted.last_seen is None else fitted.last_seen
        self._about = np.column_stack([held, last_seen, fitted.categories]).astype(np.float64)
        self._items = (fitted.item_looks.log_users, *shared.of(fitted.similar))
        self._held, self._alike = shared.of(fitted.held_shares), shared.of(fitted.similar_shares)
        self._room = shared.room(fitted.held_shares.shape[1])

    def add(self, profiles: SortedProfiles, weights: NDArray[np.float32], out: NDArray[np.float32]) -> Columns:
        """As in ``OnlineFilter``."""
        near, room, users, count = self._neighbours, self._room.arrays, profiles.users, 0
        # Copies: for arrays that are read-only or laid out otherwise, a request would wait for a compilation.
        known = np.array(users.features.categories, order="C")
        now = None if users.now is None else np.array(users.now)
        for row, (one, met) in enumerate(zip(profiles.slices, near.met(profiles), strict=True)):
            profile = profiles.items[one], profiles.weights[one], profiles.from_end[one]
            asked = _NO_TIMES if now is None else now[row : row + 1], known[row]
            count = attend.add_attended(
                met, near.hood, profile, asked, self._about, self._items, self._learned,
                self._balance(one.stop - one.start), self._held, self._alike, room, self._room.places,
                weights[row], out[row],
            )  # fmt: skip
        return _first(room, count)


class OnlineFactors:
    """Alternating least squares; predictions in single precision."""

    def __init__(self, fitted: FittedIALS) -> None:
        self._fold_in = fitted.fold_in
        self._across = np.ascontiguousarray(fitted.item_factors.T)

    def add(self, profiles: SortedProfiles, weights: NDArray[np.float32], out: NDArray[np.float32]) -> Columns:
        """As in ``OnlineFilter``."""
        factors = [self._fold_in.alone(profiles.items[one], profiles.weights[one]) for one in profiles.slices]
        scores = np.stack(factors).astype(np.float32) @ self._across
        np.maximum(scores, 0, out=scores)
        largest = scores.max(axis=1)
        scale = np.divide(weights, largest, out=np.zeros_like(weights), where=largest > 0)
        scores *= scale[:, None]
        out += scores
        return None


_NO_TIMES = np.zeros(0, dtype=np.int64)

_MOST_ROWS = 2**18
"""``similaripy`` goes over more rows than these in another order."""


def online_filter(fitted: CollaborativeFilter, completed: bool, shared: SharedRows) -> OnlineFilter | None:
    """What answers for a filter; None where nothing here does it alike.

    Args:
        fitted: The filter.
        completed: Whether it sees virtual behaviour.
        shared: Of all filters that answer for the same users.

    """
    makers: dict[type, Callable[[], OnlineFilter | None]] = {
        FittedItemKNN: lambda: OnlineItems(fitted.similar, shared),  # type: ignore[attr-defined]
        FittedEASE: lambda: OnlineItems(fitted.weights, shared) if isinstance(fitted.weights, csr_array) else None,  # type: ignore[attr-defined]
        FittedUserKNN: lambda: OnlineUsers(fitted, shared) if _is_plain(fitted.warm) else None,  # type: ignore[attr-defined, arg-type]
        FittedAttention: lambda: _attention(fitted, completed, shared),  # type: ignore[arg-type]
        FittedIALS: lambda: OnlineFactors(fitted),  # type: ignore[arg-type]
    }
    maker = makers.get(type(fitted))
    return None if maker is None else maker()


def _attention(fitted: FittedAttention, completed: bool, shared: SharedRows) -> OnlineFilter | None:
    plain = _is_plain(fitted.neighbour_looks.warm) and not (completed and fitted.virtual)
    return OnlineAttention(fitted, shared) if plain else None


def _first(arrays: RoomArrays, count: int) -> Columns:
    """The columns that were noted down."""
    return None if count < 0 else arrays[-1][:count]


def _is_plain(warm: Neighbourhood) -> bool:
    return warm.rows.similarity is COSINE and warm.rows.matrix.shape[0] < _MOST_ROWS
