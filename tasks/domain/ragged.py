"""Row boundaries of lists of different lengths, stored one after the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ragged:
    """Row boundaries in the manner of CSR: row ``r`` is ``indptr[r]:indptr[r + 1]``.

    Attributes:
        indptr: int64, shape (rows + 1,), starts at 0, never falls.

    """

    indptr: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.indptr.ndim != 1 or len(self.indptr) == 0 or self.indptr[0] != 0:
            raise ValueError(f"indptr must be one-dimensional and start at 0, got {self.indptr!r}")
        if (self.lengths < 0).any():
            raise ValueError("indptr must never fall")

    @classmethod
    def from_lengths(cls, lengths: NDArray[np.integer]) -> "Ragged":
        """Boundaries of rows with these lengths, int, shape (rows,)."""
        indptr = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=indptr[1:])
        return cls(indptr)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Length of each row, shape (rows,)."""
        # A third of what numpy's diff takes for the few rows of a request.
        return self.indptr[1:] - self.indptr[:-1]

    @property
    def row_of_entry(self) -> NDArray[np.int64]:
        """The row each entry belongs to, shape (entries,)."""
        return np.repeat(np.arange(self.rows, dtype=np.int64), self.lengths)

    @property
    def position_in_row(self) -> NDArray[np.int64]:
        """0-based place of each entry within its row, shape (entries,)."""
        return np.arange(self.indptr[-1], dtype=np.int64) - np.repeat(self.indptr[:-1], self.lengths)

    def entries_of(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Entry indices of the chosen rows, in the order of ``rows``."""
        lengths = self.lengths[rows]
        chosen = Ragged.from_lengths(lengths)
        return np.repeat(self.indptr[rows], lengths) + chosen.position_in_row
