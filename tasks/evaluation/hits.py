"""Which recommended items were targets: looked up once, read by every metric."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NO_ITEM

_MARKS = 1 << 20
"""Cells of the table of marks, one byte each: small enough for a processor's cache."""
_LEAST_USERS = 16
"""Users per block, however large the catalogue."""


def look_up(ids: NDArray[np.int32], matrix: csr_array) -> NDArray[np.bool_]:
    """Whether each listed item is stored in the user's row of a sparse matrix.

    Args:
        ids: int32 (U, K), columns of the matrix, or ``NO_ITEM``, which is never found.
        matrix: CSR (U, I); its values are not read.

    Returns:
        bool (U, K).

    Raises:
        ValueError: Lists and matrix disagree on the number of users, or an id lies outside the matrix.

    """
    users, items = matrix.shape
    if ids.ndim != 2 or len(ids) != users:
        raise ValueError(f"ids must have shape ({users}, K), one row per row of the matrix, got {ids.shape}")
    if ids.size and (ids.min() < NO_ITEM or ids.max() >= items):
        raise ValueError(f"ids must lie in {NO_ITEM} … {items - 1}, got {ids.min()} … {ids.max()}")
    found = np.empty(ids.shape, dtype=np.bool_)
    # Users are taken in blocks; a block's targets are marked in one reused table (one spare cell at the end
    # stands for NO_ITEM), read at the listed ids, and wiped: 5 times faster than a sorted search over all pairs.
    width = max(_LEAST_USERS, _MARKS // max(items, 1))
    marks = np.zeros(min(width, max(users, 1)) * items + 1, dtype=np.bool_)
    starts = (np.arange(users, dtype=np.int64) % width) * items
    cells = np.repeat(starts, np.diff(matrix.indptr)) + matrix.indices
    asked = starts[:, None] + ids
    if ids.size and ids.min() == NO_ITEM:
        asked[ids == NO_ITEM] = len(marks) - 1
    for first in range(0, users, width):
        last = min(first + width, users)
        own = cells[matrix.indptr[first] : matrix.indptr[last]]
        marks[own] = True
        np.take(marks, asked[first:last], out=found[first:last], mode="clip")  # checked above; "raise" would copy
        marks[own] = False
    return found


@dataclass(frozen=True, slots=True)
class Hits:
    """Recommendation lists held against what was to be found.

    Attributes:
        is_hit: float64 (U, K), 1.0 where the item at this rank was a target, else 0.0.
        found: float64 (U, K), number of hits up to and including this rank.
        first: int64 (U,), ranks before the first hit; K where there is none.
        targets: int64 (U,), |T|; 0 for a user with nothing to find, whose figures are ``nan``.

    """

    is_hit: NDArray[np.float64]
    found: NDArray[np.float64]
    first: NDArray[np.int64]
    targets: NDArray[np.int64]

    @classmethod
    def of(cls, ids: NDArray[np.int32], targets: csr_array) -> "Hits":
        """Hits of lists, int32 (U, K), among targets, CSR (U, I) with one stored value per target.

        Raises:
            ValueError: Lists and targets disagree on the number of users, or an id is no item.

        """
        there = look_up(ids, targets)
        is_hit = there.astype(np.float64)
        found = np.cumsum(is_hit, axis=1)
        first = np.where(found[:, -1] > 0, there.argmax(axis=1), ids.shape[1])
        return cls(is_hit, found, first, np.diff(targets.indptr).astype(np.int64))

    def with_further_targets(self, outside: NDArray[np.int64]) -> "Hits":
        """The ``strict`` reading: targets outside the catalogue, int64 (U,), are part of T, and always missed."""
        return replace(self, targets=self.targets + outside)

    def within(self, k: int) -> int:
        """The number of ranks to look at for a cut at ``k``.

        Raises:
            ValueError: ``k`` is not between 1 and the length of the lists.

        """
        if not 1 <= k <= self.is_hit.shape[1]:
            raise ValueError(f"k must be between 1 and {self.is_hit.shape[1]}, the length of the lists, got {k}")
        return k

    def defined(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same values, float64 (U,), with ``nan`` for users without targets."""
        return np.where(self.targets > 0, values, np.nan)
