"""Warm users like a few profiles: several filters look for them among the same rows, which are gone through once."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.hybrid.online import alike
from tasks.hybrid.online.profiles import SortedProfiles
from tasks.hybrid.online.room import Room
from tasks.recommenders.similarity import Neighbourhood

SparseRows = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.float32]]
"""Boundaries, columns and values of sparse rows, as kernels take them."""

Met = tuple[NDArray[np.int32], NDArray[np.float32], float, NDArray[np.float32]]
"""The warm users that share an item with one profile, and how, as ``alike.meet`` tells it."""

Hood = tuple[np.float32, int, NDArray[np.integer], NDArray[np.integer]]
"""What is added to the denominator of similarities, how many rows are chosen, their boundaries and their items."""

_NARROW, _MANY = 2**16, 2**31
"""Up to so many columns, uint16 tells them apart; below so many entries, int32 tells their places."""


class Holders:
    """Who holds each item.

    Args:
        by_item: CSR (I, N), as kernels take it.
        rows: The same by who holds them, CSR (N, I).
        norms: float32 (N,), of the rows.

    """

    def __init__(self, by_item: SparseRows, rows: SparseRows, norms: NDArray[np.float32]) -> None:
        self.by_item, self.rows = by_item, rows
        self._norms = np.where(norms > 0, norms, np.float32(1))  # who holds nothing is never met
        self._everybody, self._room = np.arange(len(norms), dtype=np.int32), Room(len(norms))

    def met(self, profiles: SortedProfiles) -> list[Met]:
        """Whom each profile meets; computed once for all that ask."""
        if self not in profiles.known:
            sums = self._room.arrays[0]
            profiles.known[self] = [
                alike.meet(
                    profiles.items[one], profiles.weights[one], *self.by_item, self._norms, self._everybody, sums
                )
                for one in profiles.slices
            ]
        found: list[Met] = profiles.known[self]
        return found


class Neighbours:
    """The holders that are most alike to profiles.

    Args:
        holders: Whom to look among.
        most: Neighbours of each profile.
        shrink: Added to the denominator of similarities.
        room: As wide as there are items.

    Attributes:
        hood: As ``alike.most_alike`` takes it.

    """

    def __init__(self, holders: Holders, most: int, shrink: float, room: Room) -> None:
        starts, items, _ = holders.rows
        self.hood: Hood = (np.float32(shrink), most, starts, items)
        self._holders, self._room = holders, room

    @property
    def places(self) -> NDArray[np.int32]:
        """Zeros, one per item; whoever uses them clears them."""
        return self._room.places

    def met(self, profiles: SortedProfiles) -> list[Met]:
        """Whom each profile meets; the best of them are chosen where they are used."""
        return self._holders.met(profiles)


class SharedRows:
    """Sparse rows that filters work on; what of them has the same content is kept once, and then stays in the cache."""

    def __init__(self) -> None:
        self._rows: list[tuple[csr_array, SparseRows]] = []
        self._holders: list[Holders] = []
        self._rooms: dict[int, Room] = {}

    def of(self, matrix: csr_array) -> SparseRows:
        """A matrix as kernels take it."""
        for other, rows in self._rows:
            if other is matrix or _are_equal(other, matrix):
                return rows
        starts, columns, values = _narrow(matrix)
        for other, (their_starts, their_columns, _) in self._rows:
            if _are_alike(other, matrix):
                starts, columns = their_starts, their_columns
                break
        found = starts, columns, values
        self._rows.append((matrix, found))
        return found

    def room(self, width: int) -> Room:
        """To make sums in; one filter after the other."""
        found = Room(width, self._rooms.get(width))
        self._rooms.setdefault(width, found)
        return found

    def neighbours(self, hood: Neighbourhood) -> Neighbours:
        """The rows of a neighbourhood by cosine."""
        by_item, norms = self.of(hood.by_column), hood.rows.norms
        found = next((holders for holders in self._holders if holders.by_item is by_item), None)
        if found is None:
            found = Holders(by_item, self.of(hood.rows.matrix), norms)
            self._holders.append(found)
        return Neighbours(found, hood.neighbours, hood.shrink, self.room(len(by_item[0]) - 1))


def _narrow(matrix: csr_array) -> SparseRows:
    """With as few bytes per entry as tell it: what a request reads comes from memory, and takes most of its time."""
    # Not signed: an index that may count from the end is checked for that each time.
    columns = matrix.indices.astype(np.uint16 if matrix.shape[1] <= _NARROW else np.uint32)
    values = matrix.data.astype(np.float32)
    if matrix.nnz and (values == values[0]).all():
        values = np.broadcast_to(values[0], values.shape)
    return matrix.indptr.astype(np.int32 if matrix.nnz < _MANY else np.int64), columns, values


def _are_equal(one: csr_array, other: csr_array) -> bool:
    return _are_alike(one, other) and np.array_equal(one.data, other.data)


def _are_alike(one: csr_array, other: csr_array) -> bool:
    """Whether entries stand in the same places."""
    if one.shape != other.shape or one.nnz != other.nnz:
        return False
    return np.array_equal(one.indptr, other.indptr) and np.array_equal(one.indices, other.indices)
