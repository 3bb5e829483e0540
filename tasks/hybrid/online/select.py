"""The largest of many values, compiled: a count of leading bits in the place of a partition, in three passes."""

from typing import Any

import numpy as np
from numba import njit

_compiled: Any = njit(cache=True, nogil=True)

_BUCKET_BITS = 12
_BELOW = 31 - _BUCKET_BITS
"""Bits of a positive float32 below those that tell its bucket."""


@_compiled
def largest(values: Any, most: int) -> Any:
    """The ``most``-th largest value.

    Args:
        values: float32 (n,), none below 0; not negative ones are ordered as their bits are.
        most: 1 … n.

    """
    bits = values.view(np.int32)
    counts = np.zeros(1 << _BUCKET_BITS, np.int64)
    for place in range(len(bits)):
        counts[bits[place] >> _BELOW] += 1
    bucket, left = len(counts) - 1, most
    while counts[bucket] < left:
        left -= counts[bucket]
        bucket -= 1
    inside, size = np.empty(counts[bucket], np.float32), 0
    for place in range(len(bits)):
        if bits[place] >> _BELOW == bucket:
            inside[size] = values[place]
            size += 1
    return np.partition(inside, size - left)[size - left]


@_compiled
def head(values: Any, depth: int) -> Any:
    """Places of the ``depth`` largest values, int64, rising; of equal ones at the edge the first.

    Args:
        values: float32 (n,), none below 0.
        depth: At least 1.

    """
    if depth >= len(values):
        return np.arange(len(values))
    edge = largest(values, depth)
    equal = depth
    for place in range(len(values)):
        equal -= values[place] > edge
    found, size = np.empty(depth, np.int64), 0
    for place in range(len(values)):
        if values[place] > edge or (values[place] == edge and equal > 0):
            found[size] = place
            size += 1
            equal -= values[place] == edge
    return found
