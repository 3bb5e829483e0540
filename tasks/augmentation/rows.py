"""From blocks of chosen items to one sparse matrix."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def rows_of(
    lengths: Sequence[NDArray[np.integer]],
    items: Sequence[NDArray[np.int32]],
    weights: Sequence[NDArray[np.float32]],
    n_items: int,
) -> csr_array:
    """Put blocks of rows under each other.

    Args:
        lengths: Per block int (B,), the number of items of each row.
        items: Per block int32 (entries,), distinct within a row, row after row.
        weights: Per block float32 (entries,).
        n_items: Number of columns I.

    Returns:
        CSR (U, I), float32, sorted indices.

    """
    if len(lengths) == 1 and len(lengths[0]) == 1:  # one user alone: what follows would cost more than their list
        order = np.argsort(items[0])
        indptr = np.array([0, len(order)], dtype=np.int32)
        return csr_array((weights[0][order], items[0][order], indptr), shape=(1, n_items))
    row_lengths = np.concatenate([np.zeros(0, dtype=np.int64), *lengths])
    indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(row_lengths)])
    columns = np.concatenate([np.zeros(0, dtype=np.int32), *items])
    values = np.concatenate([np.zeros(0, dtype=np.float32), *weights])
    matrix = csr_array((values, columns, indptr), shape=(len(row_lengths), n_items), dtype=np.float32)
    matrix.sort_indices()
    return matrix
