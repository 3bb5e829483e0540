"""Loops over the few entries of a few profiles, compiled: what numpy and scipy do in many calls and passes.

Every loop adds in the order in which scipy adds, in the same precision, so that sums are the same to the last bit.
"""

from typing import Any

import numpy as np
from numba import njit

# Compiled once per machine and kept beside this file; the scorer's thread does not hold up the others meanwhile.
_compiled: Any = njit(cache=True, nogil=True)

# Sums and maxima in whatever order: else each waits for the one before.
_in_any_order: Any = njit(cache=True, nogil=True, fastmath={"reassoc", "nnan", "nsz"})


_MANY = 4
"""Columns per entry from which on sums are looked through from end to end: nobody notes down where entries are."""


@_compiled
def _are_many(first: int, last: int, rows: Any, starts: Any, width: int) -> bool:
    entries = 0
    for entry in range(first, last):
        entries += starts[rows[entry] + 1] - starts[rows[entry]]
    return bool(entries * _MANY > width)


@_compiled
def pour(first: int, last: int, rows: Any, weights: Any, starts: Any, columns: Any, values: Any, sums: Any) -> None:
    """Add weighted sparse rows to ``sums``."""
    if values.strides[0] == 0:  # one value everywhere: read once, this takes two thirds of the time
        for entry in range(first, last):
            product = weights[entry] * values[0]
            for place in range(np.uint64(starts[rows[entry]]), np.uint64(starts[rows[entry] + 1])):
                sums[columns[place]] += product
        return
    for entry in range(first, last):
        weight = weights[entry]
        for place in range(np.uint64(starts[rows[entry]]), np.uint64(starts[rows[entry] + 1])):
            sums[columns[place]] += weight * values[place]


@_compiled
def largest_of(values: Any) -> Any:
    """The largest of float32 values, at least 0."""
    # Not negative ones are ordered as their bits are, and of whole numbers several are compared at once.
    bits, found = values.view(np.int32), np.zeros(1, np.int32)
    most = np.int32(0)
    for place in range(len(bits)):
        most = max(most, bits[place])
    found[0] = most
    return found.view(np.float32)[0]


@_in_any_order
def total_of(values: Any) -> Any:
    """The sum of float32 values."""
    found = np.float32(0)
    for place in range(len(values)):
        found += values[place]
    return found


@_compiled
def merge(items: Any, weights: Any, from_end: Any, others: Any, their_weights: Any) -> Any:
    """A profile with others' items that have weight, which it does not have, by rising item.

    Args:
        items: int32 (n,), rising.
        weights: float32 (n,).
        from_end: float32 (n,), 0 of the others.
        others: int32 (m,).
        their_weights: float32 (m,).

    """
    order = np.argsort(others)
    size = len(items) + np.count_nonzero(their_weights > 0)
    found, weighed, places = np.empty(size, np.int32), np.empty(size, np.float32), np.zeros(size, np.float32)
    own, filled = 0, 0
    for entry in order:
        if not their_weights[entry] > 0:
            continue
        while own < len(items) and items[own] < others[entry]:
            found[filled], weighed[filled], places[filled] = items[own], weights[own], from_end[own]
            own, filled = own + 1, filled + 1
        found[filled], weighed[filled] = others[entry], their_weights[entry]
        filled += 1
    found[filled:], weighed[filled:], places[filled:] = items[own:], weights[own:], from_end[own:]
    return found, weighed, places


@_compiled
def add_relative(scores: Any, gate: Any, out: Any) -> None:
    """Add scores in units of each user's largest, times a weight per user.

    Args:
        scores: float32 (B, I), not negative.
        gate: float32 (B,).
        out: float32 (B, I), added to.

    """
    for user in range(len(gate)):
        own, added = scores[user], out[user]
        largest = largest_of(own)
        scale = gate[user] / largest if largest > 0 else np.float32(0)
        for column in range(len(own)):
            added[column] += own[column] * scale


@_compiled
def _gather(
    first: int, last: int, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    sums: Any, seen: Any, touched: Any, count: int,
) -> int:  # fmt: skip
    """Add weighted sparse rows to ``sums``; the columns not seen before are appended to those touched."""
    for entry in range(first, last):
        weight = weights[entry]
        for place in range(np.uint64(starts[rows[entry]]), np.uint64(starts[rows[entry] + 1])):
            column = columns[place]
            if not seen[column]:
                seen[column] = True
                touched[count] = column
                count += 1
            sums[column] += weight * values[place]
    return count


@_compiled
def add_rows(
    indptr: Any, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    sums: Any, others: Any, seen: Any, touched: Any, gate: Any, out: Any,
) -> int:  # fmt: skip
    """Add what weighted sparse rows sum up to, where above 0, in units of its largest, times a weight per user.

    Args:
        indptr: Boundaries of the users' rows.
        rows: Which rows.
        weights: float32, with what weight.
        starts: Boundaries of the sparse rows.
        columns: Their columns.
        values: float32, what stands there.
        sums: float32 (I,), zeros, and left so.
        others: As ``sums``; not used.
        seen: bool (I,), none, and left so.
        touched: int32 (I + 1,), overwritten; its first are the columns that the last user's rows have.
        gate: float32 (B,).
        out: float32 (B, I), added to.

    Returns:
        How many columns the last user's rows have; -1 where they are many and nobody noted them down.

    """
    count = 0
    for user in range(len(gate)):
        first, last = indptr[user], indptr[user + 1]
        if _are_many(first, last, rows, starts, len(sums)):
            pour(first, last, rows, weights, starts, columns, values, sums)
            _release_all(gate[user], sums, out[user])
            count = -1
        else:
            count = _gather(first, last, rows, weights, starts, columns, values, sums, seen, touched, 0)
            _release(gate[user], sums, seen, touched, count, out[user])
    return count


@_in_any_order
def _release_all(weight: Any, sums: Any, out: Any) -> None:
    """As ``_release``, of every column."""
    most = largest_of(sums)
    scale = weight / most if most > 0 else np.float32(0)
    for column in range(len(sums)):
        out[column] += max(sums[column], np.float32(0)) * scale
        sums[column] = 0


@_compiled
def _release(weight: Any, sums: Any, seen: Any, touched: Any, count: int, out: Any) -> None:
    """Add the sums in units of the largest, and clear them."""
    largest = np.float32(0)
    for place in range(count):
        largest = max(largest, sums[touched[place]])
    scale = weight / largest if largest > 0 else np.float32(0)
    for place in range(count):
        column = touched[place]
        if sums[column] > 0:
            out[column] += sums[column] * scale
        sums[column] = 0
        seen[column] = False


@_compiled
def add_two_rows(
    indptr: Any, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    own_indptr: Any, own_rows: Any, own_weights: Any, own_starts: Any, own_columns: Any, own_values: Any,
    sums: Any, others: Any, seen: Any, touched: Any, gate: Any, out: Any,
) -> int:  # fmt: skip
    """As ``add_rows``, for the sum of rows of two matrices; ``others`` is zeros, and left so."""
    count = 0
    for user in range(len(gate)):
        count = _gather_two(
            indptr[user], indptr[user + 1], rows, weights, starts, columns, values,
            own_indptr[user], own_indptr[user + 1], own_rows, own_weights, own_starts, own_columns, own_values,
            sums, others, seen, touched,
        )  # fmt: skip
        _release(gate[user], sums, seen, touched, count, out[user])
    return count


@_compiled
def _gather_two(
    first: int, last: int, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    own_first: int, own_last: int, own_rows: Any, own_weights: Any, own_starts: Any, own_columns: Any, own_values: Any,
    sums: Any, others: Any, seen: Any, touched: Any,
) -> int:  # fmt: skip
    """As ``_gather``, of two matrices: each is summed by itself, then both."""
    count = _gather(first, last, rows, weights, starts, columns, values, sums, seen, touched, 0)
    count = _gather(
        own_first, own_last, own_rows, own_weights, own_starts, own_columns, own_values, others, seen, touched, count
    )  # fmt: skip
    for place in range(count):
        column = touched[place]
        sums[column] += others[column]
        others[column] = 0
    return int(count)
