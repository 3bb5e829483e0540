"""Profiles of a few users as plain arrays, each in the order of the catalogue."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, VirtualBehaviour
from tasks.hybrid.online.kernels import merge, rising


@dataclass(frozen=True, eq=False)
class SortedProfiles:
    """What a few users did, or what was made up beside it.

    Attributes:
        users: B users.
        indptr: int64 (B + 1,), boundaries of the profiles.
        items: int32 (n,), rising within a profile.
        weights: float32 (n,).
        from_end: float32 (n,), how many items of the profile came after it; 0 of virtual items.
        known: What was found out about these profiles, by who found it, for others to use.

    """

    users: NewUsers
    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]
    from_end: NDArray[np.float32]
    known: dict[object, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def slices(self) -> list[slice]:
        """Where each profile stands, B of them."""
        return [slice(first, last) for first, last in pairwise(self.indptr.tolist())]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Items of each profile, (B,)."""
        return self.indptr[1:] - self.indptr[:-1]

    @classmethod
    def real(cls, users: NewUsers) -> "SortedProfiles":
        """What the users did."""
        rows = users.rows
        if len(users) == 1:
            return cls(users, rows.indptr, *rising(users.items, users.weights))
        order = np.lexsort((users.items, rows.row_of_entry))
        from_end = (np.repeat(rows.indptr[1:], rows.lengths) - 1 - np.arange(len(order))).astype(np.float32)
        return cls(users, rows.indptr, users.items[order], users.weights[order], from_end[order])

    def completed(self, virtual: VirtualBehaviour | None) -> "SortedProfiles":
        """The same users with virtual behaviour; weights of an item that is both add up."""
        if virtual is None or virtual.matrix.nnz == 0:
            return self
        made = virtual.matrix
        lengths = np.diff(made.indptr)
        row = np.repeat(np.arange(len(self.users), dtype=np.int64), self.lengths)
        rows = np.concatenate([row, np.repeat(np.arange(len(self.users), dtype=np.int64), lengths)])
        items = np.concatenate([self.items, made.indices])
        weights = np.concatenate([self.weights, made.data])
        from_end = np.concatenate([self.from_end, np.zeros(made.nnz, dtype=np.float32)])
        keys = rows * np.int64(made.shape[1]) + items
        order = np.argsort(keys, kind="stable")
        keys, rows, items, weights, from_end = (part[order] for part in (keys, rows, items, weights, from_end))
        first = np.append(True, keys[1:] != keys[:-1])
        if not first.all():
            weights = np.add.reduceat(weights, np.flatnonzero(first))
            rows, items, from_end = rows[first], items[first], from_end[first]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(self.users)))])
        return SortedProfiles(self.users, indptr.astype(np.int64), items.astype(np.int32), weights, from_end)

    def and_also(
        self, items: NDArray[np.int32], chosen: NDArray[np.int64], weights: NDArray[np.float32]
    ) -> "SortedProfiles":
        """A single user with virtual items that they do not have.

        Args:
            items: int32 (n,), distinct.
            chosen: int64 (m,), places of those that are added.
            weights: float32 (m,); what has none is left out.

        """
        return SortedProfiles(self.users, *merge(self.items, self.weights, self.from_end, items, chosen, weights))
