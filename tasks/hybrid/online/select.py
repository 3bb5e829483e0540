"""The largest of many values, compiled: a sample tells which can be among them, a count of leading bits which are."""

from typing import Any

import numpy as np

from tasks.compiled import njit

_compiled: Any = njit(cache=True, nogil=True)

_DIGITS = (20, 9, 0)
"""Where the digits of a positive float32 begin, in bits; the highest is that of signs and exponents."""
_VALUES = 1 << 11
SAMPLED = 32
"""One value in so many is looked at first."""
_WORD = 8
"""Flags, of a byte each, that are looked at together."""


@_compiled
def largest(values: Any, most: int) -> Any:
    """The ``most``-th largest value.

    Args:
        values: float32 (n,), none below 0; not negative ones are ordered as their bits are.
        most: 1 … n.

    """
    inside, found, left = values.view(np.int32), np.zeros(1, np.int32), most
    counts = np.zeros(_VALUES, np.int32)
    for shift in _DIGITS:
        digit = 0
        for bits in inside:
            own = (bits >> shift) & (_VALUES - 1)
            counts[own] += 1
            digit = max(digit, own)
        while counts[digit] < left:
            left -= counts[digit]
            digit -= 1
        found[0] |= digit << shift
        same, size = np.empty(counts[digit], np.int32), 0
        for bits in inside:
            own = (bits >> shift) & (_VALUES - 1)
            counts[own] = 0  # fewer than there are counts
            if own == digit:
                same[size] = bits
                size += 1
        inside = same
    return found.view(np.float32)[0]


@_compiled
def bound_of(sample: Any, most: int, size: int) -> Any:
    """What the ``most`` largest of many values hardly ever lie below; 0 where a sample cannot tell.

    Args:
        sample: float32, one value in ``SAMPLED``, none below 0.
        most: At least 1.
        size: How many values there are.

    """
    expected = most / SAMPLED
    # So many of the sample that hardly ever fewer of all values are above the least of them.
    rank = int(expected + 3 * np.sqrt(expected)) + 3
    return largest(sample, rank) if rank * SAMPLED < size else np.float32(0)


@_compiled
def shortlist(values: Any, most: int) -> Any:
    """Places of the ``most`` largest values and of what else a sample does not rule out, int32, rising.

    Args:
        values: float32 (n,), none below 0.
        most: At least 1.

    """
    found = _not_below(values, bound_of(values[::SAMPLED].copy(), most, len(values)))
    return found if len(found) >= most else _not_below(values, np.float32(0))


@_compiled
def _not_below(values: Any, bound: Any) -> Any:
    flags = unflagged(len(values))
    for place in range(len(values)):
        flags[place] = values[place] >= bound
    return flagged(flags)


@_compiled
def unflagged(size: int) -> Any:
    """So many flags that do not stand, and a few more, as ``flagged`` takes them."""
    return np.zeros((size + _WORD - 1) // _WORD * _WORD, np.bool_)


@_compiled
def flagged(flags: Any) -> Any:
    """Where flags stand, int32, rising: eight of them are passed over at once, where few stand.

    Args:
        flags: bool (n,), n a multiple of 8.

    """
    found, size, words = np.empty(len(flags), np.int32), np.uint64(0), flags.view(np.uint64)
    for number in range(np.uint64(len(words))):
        if words[number] != 0:
            first = np.uint64(number * np.uint64(_WORD))
            for place in range(first, np.uint64(first + np.uint64(_WORD))):
                found[size] = place
                size += np.uint64(flags[place])
    return found[:size]


@_compiled
def head(values: Any, depth: int) -> Any:
    """Places of the ``depth`` largest values, int64, rising; of equal ones at the edge the first.

    Args:
        values: float32 (n,); those below 0, and what is no number, are left out where there are more than ``depth``.
        depth: At least 1.

    """
    if depth >= len(values):
        return np.arange(len(values))
    places = shortlist(values, depth)
    if len(places) <= depth:
        return places.astype(np.int64)
    listed = np.empty(len(places), np.float32)
    for place in range(len(places)):
        listed[place] = values[places[place]]
    edge = largest(listed, depth)
    equal = depth
    for place in range(len(listed)):
        equal -= listed[place] > edge
    found, size = np.empty(depth, np.int64), 0
    for place in range(len(listed)):
        if listed[place] > edge or (listed[place] == edge and equal > 0):
            found[size] = places[place]
            size += 1
            equal -= listed[place] == edge
    return found
