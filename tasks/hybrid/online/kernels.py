"""Loops over the few entries of a few profiles, compiled: what numpy and scipy do in many calls and passes.

Loops over sparse rows add in the order in which scipy adds, in the same precision: sums are the same to the last bit.
"""

from typing import Any

import numpy as np

from tasks.compiled import njit

# Compiled once per machine and kept beside this file; the scorer's thread does not hold up the others meanwhile.
_compiled: Any = njit(cache=True, nogil=True)

# Sums and maxima in whatever order: else each waits for the one before.
_in_any_order: Any = njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})

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
def rising(items: Any, weights: Any) -> Any:
    """A profile by rising item, and how many items of it came after each.

    Args:
        items: int32 (n,), distinct.
        weights: float32 (n,).

    Returns:
        Items, weights, and float32 (n,).

    """
    found, weighed, from_end = np.empty_like(items), np.empty_like(weights), np.empty(len(items), np.float32)
    order = np.argsort(items)
    for place in range(len(order)):
        found[place], weighed[place] = items[order[place]], weights[order[place]]
        from_end[place] = len(order) - 1 - order[place]
    return found, weighed, from_end


@_compiled
def merge(items: Any, weights: Any, from_end: Any, all_others: Any, chosen: Any, their_weights: Any) -> Any:
    """A profile with others' items that have weight, which it does not have, by rising item.

    Args:
        items: int32 (n,), rising.
        weights: float32 (n,).
        from_end: float32 (n,), 0 of the others.
        all_others: int32, among them the others.
        chosen: int64 (m,), where they stand.
        their_weights: float32 (m,).

    Returns:
        Boundaries of the one profile, int64 (2,); items, weights, and places from the end.

    """
    others = all_others[chosen]
    order = np.argsort(others)
    size = len(items)
    for weight in their_weights:
        size += weight > 0
    found, weighed, places = np.empty(size, np.int32), np.empty(size, np.float32), np.zeros(size, np.float32)
    own, other, filled = 0, 0, 0
    while filled < size:
        while other < len(order) and not their_weights[order[other]] > 0:
            other += 1
        if other == len(order) or (own < len(items) and items[own] < others[order[other]]):
            found[filled], weighed[filled], places[filled] = items[own], weights[own], from_end[own]
            own += 1
        else:
            found[filled], weighed[filled] = others[order[other]], their_weights[order[other]]
            other += 1
        filled += 1
    return np.array([0, size]), found, weighed, places


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
def gather(
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
        count = add_sums(
            first, last, rows, weights, starts, columns, values, sums, seen, touched, gate[user], out[user]
        )
    return count


@_compiled
def add_sums(
    first: int, last: int, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    sums: Any, seen: Any, touched: Any, weight: Any, out: Any,
) -> int:  # fmt: skip
    """As ``add_rows``, of some rows, for one user."""
    if _are_many(first, last, rows, starts, len(sums)):
        pour(first, last, rows, weights, starts, columns, values, sums)
        _release_all(weight, sums, out)
        return -1
    count = gather(first, last, rows, weights, starts, columns, values, sums, seen, touched, 0)
    release(weight, sums, seen, touched, count, out)
    return int(count)


@_in_any_order
def _release_all(weight: Any, sums: Any, out: Any) -> None:
    """As ``release``, of every column."""
    most = largest_of(sums)
    scale = weight / most if most > 0 else np.float32(0)
    for column in range(len(sums)):
        out[column] += max(sums[column], np.float32(0)) * scale
        sums[column] = 0


@_compiled
def release(weight: Any, sums: Any, seen: Any, touched: Any, count: int, out: Any) -> None:
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
