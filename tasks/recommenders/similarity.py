"""Cosine and Pearson similarity of weighted sparse rows: the best neighbours per row, and shares of them.

Pearson is cosine of centred rows. Centred rows would be dense, so both are written in terms of overlaps:
with x·y the overlap, S the row sums and F the number of columns,

    sim(x, y) = (x·y - c S_x S_y / F) / (|x|_c |y|_c + shrink),   |x|_c² = x·x - c S_x² / F,

where c is 0 for cosine and 1 for Pearson (over all F columns, the zeros included). Only rows that overlap are
ever visited: without an overlap, cosine is 0 and Pearson below 0. Only similarities above 0 are kept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array

_PEARSON_ROWS = 128
"""Rows per block of overlaps; overlaps with popular items are nearly dense."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """Which similarity.

    Attributes:
        name: ``cosine`` or ``pearson``.
        centred: c above.

    """

    name: str
    centred: bool


COSINE = Similarity("cosine", centred=False)
PEARSON = Similarity("pearson", centred=True)
BY_NAME = {similarity.name: similarity for similarity in (COSINE, PEARSON)}


@dataclass(frozen=True)
class NeighbourSettings:
    """How many neighbours, and how their similarities are damped.

    Attributes:
        neighbours: Most neighbours, at least 1.
        shrink: Added to the denominator of similarities, at least 0.

    """

    neighbours: int
    shrink: float

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {self.neighbours}")
        if not 0 <= self.shrink < float("inf"):
            raise ValueError(f"shrink must be at least 0, got {self.shrink}")


class Rows:
    """Rows to be compared, with what a similarity needs to know of each.

    Attributes:
        matrix: CSR (R, F), float32, indices sorted.
        norms: float32 (R,), |x|_c; 0 where a row is constant.
        means: float64 (R,), S_x / √F for Pearson, 0 for cosine.

    """

    def __init__(self, matrix: csr_array, similarity: Similarity) -> None:
        squares = _row_sums(matrix, matrix.data.astype(np.float64) ** 2)
        self.matrix = matrix
        self.similarity = similarity
        self.means = np.zeros(matrix.shape[0])
        if similarity.centred:
            self.means = _row_sums(matrix, matrix.data.astype(np.float64)) / np.sqrt(matrix.shape[1])
        left = squares - self.means**2
        # What rounding leaves of a constant row is no spread.
        self.norms = np.sqrt(np.where(left > 1e-9 * squares, left, 0)).astype(np.float32)


def _row_sums(matrix: csr_array, values: NDArray[np.float64]) -> NDArray[np.float64]:
    running = np.concatenate([[0.0], np.cumsum(values)])
    return running[matrix.indptr[1:]] - running[matrix.indptr[:-1]]


class Neighbourhood:
    """Finds the most similar of some fixed rows.

    Args:
        rows: The rows neighbours are taken from, (N, F).
        neighbours: Most neighbours per query, at least 1.
        shrink: Added to the denominator, at least 0: damps similarities that rest on little.

    """

    def __init__(self, rows: Rows, neighbours: int, shrink: float) -> None:
        self.rows = rows
        self.neighbours = neighbours
        self.shrink = shrink
        self.by_column = csr_array(rows.matrix.T.tocsr())  # (F, N)
        self.by_column.sort_indices()

    def of(self, queries: Rows, without_self: bool = False) -> csr_array:
        """Similarities of each query to its best neighbours, CSR (Q, N), float32, all above 0.

        Args:
            queries: (Q, F).
            without_self: Queries are the rows themselves; none is its own neighbour.

        """
        count = self.rows.matrix.shape[0]
        if queries.matrix.nnz == 0 or self.rows.matrix.nnz == 0:
            return csr_array((queries.matrix.shape[0], count), dtype=np.float32)
        best = (
            self._pearson(queries, without_self) if queries.similarity.centred else self._cosine(queries, without_self)
        )
        best.sort_indices()
        return best

    def _cosine(self, queries: Rows, without_self: bool) -> csr_array:
        from similaripy import s_plus

        touched, narrow = np.unique(queries.matrix.indices, return_inverse=True)
        # Only the columns that queries hold: similaripy passes over the whole of what it is given. The norms
        # are those of whole rows, hence given as weights of its third term.
        columns = self.by_column if without_self else csr_array(self.by_column[touched])
        asked = queries.matrix if without_self else _with_columns(queries.matrix, narrow, len(touched))
        found = s_plus(
            asked,
            columns,
            l1=0,
            l2=0,
            l3=1,
            pop1=queries.norms,
            pop2=self.rows.norms,
            beta1=1,
            beta2=1,
            shrink=self.shrink,
            k=self.neighbours,
            filter_cols=eye_array(asked.shape[0], format="csr", dtype=np.float32) if without_self else None,
            verbose=False,
            format_output="csr",
        )
        return csr_array(found)

    def _pearson(self, queries: Rows, without_self: bool) -> csr_array:
        from scipy.sparse import vstack

        parts = []
        for start in range(0, queries.matrix.shape[0], _PEARSON_ROWS):
            block = slice(start, min(start + _PEARSON_ROWS, queries.matrix.shape[0]))
            similar = csr_array(queries.matrix[block] @ self.by_column)
            row = np.repeat(np.arange(block.start, block.stop), np.diff(similar.indptr))
            column = similar.indices
            similar.data = self._of_overlaps(similar.data, queries, row, column)
            if without_self:
                similar.data[row == column] = 0
            parts.append(_best_of_each_row(similar, self.neighbours))
        return csr_array(vstack(parts, format="csr"))

    def _of_overlaps(
        self,
        overlaps: NDArray[np.float32],
        queries: Rows,
        row: NDArray[np.integer],
        column: NDArray[np.integer],
        part: Rows | None = None,
    ) -> NDArray[np.float32]:
        """Similarities from overlaps, 0 where not above 0; with ``part``, the share of that part of the queries."""
        numerators = overlaps - (part or queries).means[row] * self.rows.means[column]
        norms = queries.norms[row].astype(np.float64) * self.rows.norms[column]
        similar = np.divide(numerators, norms + self.shrink, out=np.zeros(len(norms)), where=norms > 0)
        return (similar if part else np.maximum(similar, 0)).astype(np.float32)

    def share(self, part: Rows, queries: Rows, similar: csr_array) -> csr_array:
        """What a part of each query adds to its similarities: similarity is additive in the query's entries.

        Args:
            part: (Q, F), some of the entries of ``queries``.
            queries: (Q, F).
            similar: CSR (Q, N), what ``of(queries)`` gave.

        Returns:
            CSR (Q, N) with the entries of ``similar``; the shares of all parts add up to it.

        """
        overlaps = csr_array(part.matrix @ self.by_column)
        marks = csr_array(
            (np.ones(similar.nnz, dtype=np.float32), similar.indices, similar.indptr), shape=similar.shape
        )
        # Neighbours that the part does not overlap with keep an entry: centring still speaks of them.
        kept = csr_array(overlaps.multiply(marks))
        kept.sort_indices()
        row = np.repeat(np.arange(similar.shape[0]), np.diff(similar.indptr))
        overlap = np.zeros(similar.nnz, dtype=np.float32)
        overlap[_positions(similar, kept)] = kept.data
        values = self._of_overlaps(overlap, queries, row, similar.indices, part)
        return csr_array((values, similar.indices, similar.indptr), shape=similar.shape)


def _with_columns(matrix: csr_array, columns: NDArray[np.integer], count: int) -> csr_array:
    return csr_array((matrix.data, columns.astype(np.int32), matrix.indptr), shape=(matrix.shape[0], count))


def _best_of_each_row(matrix: csr_array, count: int) -> csr_array:
    """The ``count`` largest entries above 0 of each row."""
    matrix.eliminate_zeros()
    if not matrix.nnz or np.diff(matrix.indptr).max() <= count:
        return matrix
    from similaripy import dot_product

    identity = eye_array(matrix.shape[1], format="csr", dtype=np.float32)
    return csr_array(dot_product(matrix, identity, k=count, verbose=False, format_output="csr"))


def _positions(whole: csr_array, subset: csr_array) -> NDArray[np.intp]:
    """Where the entries of ``subset`` stand among those of ``whole``; both with sorted indices."""
    width = np.int64(whole.shape[1])
    keys = [
        np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr)) * width + matrix.indices
        for matrix in (whole, subset)
    ]
    return np.searchsorted(keys[0], keys[1])
