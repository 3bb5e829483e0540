"""The user × item matrix of a clean log."""

import numpy as np
from scipy.sparse import csr_array

from tasks.domain import Column, EventLog


def interactions(log: EventLog) -> csr_array:
    """Which user touched which item.

    Returns:
        CSR (users, items), float32, 1.0 for every distinct pair, indices sorted.

    """
    users, items = log.users.height, log.items.height
    # One sort of one packed column; Int32 beside Int32 always fits.
    bits = max(items, 1).bit_length()
    pairs = log.events[Column.USER].to_numpy().astype(np.int64)
    pairs <<= bits
    pairs |= log.events[Column.ITEM].to_numpy()
    pairs.sort()
    distinct = np.ones(len(pairs), dtype=np.bool_)
    np.not_equal(pairs[1:], pairs[:-1], out=distinct[1:])
    pairs = pairs[distinct]
    bounds = np.searchsorted(pairs, np.arange(users + 1, dtype=np.int64) << bits)
    pairs &= 2**bits - 1
    columns = pairs.astype(np.int32)
    ones = np.ones(len(pairs), dtype=np.float32)
    return csr_array((ones, columns, bounds.astype(np.int32)), shape=(users, items))
