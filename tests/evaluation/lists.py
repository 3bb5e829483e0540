"""Made-up recommendation lists and targets."""

import numpy as np
from scipy.sparse import csr_array

from tasks.domain import NO_ITEM


def targets_of(rows: list[list[int]], items: int) -> csr_array:
    """CSR (U, I) with 1.0 per target."""
    lengths = [len(row) for row in rows]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    columns = np.array([item for row in rows for item in sorted(row)], dtype=np.int32)
    return csr_array((np.ones(len(columns), dtype=np.float32), columns, indptr), shape=(len(rows), items))


def random_lists(
    users: int, items: int, length: int, seed: int, most_targets: int = 12, short: bool = False
) -> tuple[np.ndarray, csr_array]:
    """Lists of distinct items, int32 (users, length), and targets, some users without any."""
    random = np.random.default_rng(seed)
    ids = np.argsort(random.random((users, items)), axis=1)[:, :length].astype(np.int32)
    if short:
        ids[np.arange(length) >= random.integers(0, length + 1, (users, 1))] = NO_ITEM
    wanted = random.random((users, items)) < random.random((users, 1)) * 2 * most_targets / items
    wanted[random.random(users) < 0.1] = False
    return ids, csr_array(wanted.astype(np.float32))
