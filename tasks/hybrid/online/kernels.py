"""Loops over the few entries of a few profiles, compiled: what numpy and scipy do in many calls and passes.

Every loop adds in the order in which ``similaripy`` and scipy add, in the same precision, so that similarities and sums
are the same to the last bit, and so are the neighbours where more are alike than are kept.
"""

import math
from typing import Any

import numpy as np
from numba import njit

# Compiled once per machine and kept beside this file; the scorer's thread does not hold up the others meanwhile.
_compiled: Any = njit(cache=True, nogil=True)


_SURELY = np.float32(0.99999)
"""What is smaller by more than rounding."""


@_compiled
def _below(values: Any, users: Any, one: int, other: int) -> bool:
    """Whether a place of the heap comes before another: smaller value, then smaller row."""
    if values[one] != values[other]:
        return bool(values[one] < values[other])
    return bool(users[one] < users[other])


@_compiled
def _swap(values: Any, users: Any, one: int, other: int) -> None:
    values[one], values[other] = values[other], values[one]
    users[one], users[other] = users[other], users[one]


@_compiled
def _rise(values: Any, users: Any, place: int) -> None:
    while place > 0:
        parent = (place - 1) >> 1
        if not _below(values, users, place, parent):
            return
        _swap(values, users, place, parent)
        place = parent


@_compiled
def _sink(values: Any, users: Any, size: int) -> None:
    place = 0
    while True:
        least, left = place, 2 * place + 1
        for child in (left, left + 1):
            if child < size and _below(values, users, child, least):
                least = child
        if least == place:
            return
        _swap(values, users, place, least)
        place = least


@_compiled
def nearest(
    indptr: Any, items: Any, weights: Any, starts: Any, holders: Any, held: Any, norms: Any, shrink: Any, most: int,
    sums: Any,
) -> Any:  # fmt: skip
    """The rows most alike to each profile by cosine: boundaries int64 (B + 1,), rows int32, similarities float32.

    A heap of ``similaripy`` keeps the best, and so does this one: of equal similarities at its edge those stay that
    were met first, save those of small row numbers that a larger similarity pushed out.

    Args:
        indptr: Boundaries of the profiles.
        items: Their items, rising within a profile.
        weights: float32, their weights.
        starts: Boundaries of the items' holders.
        holders: Rows that hold each item.
        held: float32, with this weight.
        norms: float32 (N,), of the rows.
        shrink: float32, added to the denominator.
        most: Rows per profile, at least 1.
        sums: float32 (N,), zeros, and left so.

    """
    profiles = len(indptr) - 1
    ends = np.zeros(profiles + 1, np.int64)
    found = np.empty(profiles * most, np.int32)
    similar = np.empty(profiles * most, np.float32)
    best = np.empty(most, np.float32)
    of = np.empty(most, np.int32)
    total = 0
    for profile in range(profiles):
        squares = 0.0
        for entry in range(indptr[profile], indptr[profile + 1]):
            weight, item = weights[entry], items[entry]
            squares += float(weight) * float(weight)
            for place in range(starts[item], starts[item + 1]):
                sums[holders[place]] += held[place] * weight
        norm = np.float32(math.sqrt(squares))
        size = 0
        # The same way once more: each row is looked at where it was met first, and cleared.
        for entry in range(indptr[profile], indptr[profile + 1]):
            for place in range(starts[items[entry]], starts[items[entry] + 1]):
                row = holders[place]
                together = sums[row]
                if together == 0:
                    continue
                sums[row] = 0
                denominator = norm * norms[row] + shrink
                if size == most and together < best[0] * denominator * _SURELY:
                    continue  # a division less for most rows
                value = together / denominator
                if size < most:
                    best[size], of[size] = value, row
                    size += 1
                    _rise(best, of, size - 1)
                elif value > best[0]:
                    best[0], of[0] = value, row
                    _sink(best, of, size)
        for place in np.argsort(of[:size]):
            if best[place] > 0:
                found[total], similar[total] = of[place], best[place]
                total += 1
        ends[profile + 1] = total
    return ends, found[:total], similar[:total]


@_compiled
def _gather(
    first: int, last: int, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    sums: Any, seen: Any, touched: Any, count: int,
) -> int:  # fmt: skip
    """Add weighted sparse rows to ``sums``; the columns not seen before are appended to those touched."""
    for entry in range(first, last):
        weight = weights[entry]
        for place in range(starts[rows[entry]], starts[rows[entry] + 1]):
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
) -> None:  # fmt: skip
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
        touched: int32 (I,), overwritten.
        gate: float32 (B,).
        out: float32 (B, I), added to.

    """
    for user in range(len(gate)):
        count = _gather(
            indptr[user], indptr[user + 1], rows, weights, starts, columns, values, sums, seen, touched, 0
        )  # fmt: skip
        _release(gate[user], sums, seen, touched, count, out[user])


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
) -> None:  # fmt: skip
    """As ``add_rows``, for the sum of rows of two matrices; ``others`` is zeros, and left so."""
    for user in range(len(gate)):
        count = _gather_two(
            indptr[user], indptr[user + 1], rows, weights, starts, columns, values,
            own_indptr[user], own_indptr[user + 1], own_rows, own_weights, own_starts, own_columns, own_values,
            sums, others, seen, touched,
        )  # fmt: skip
        _release(gate[user], sums, seen, touched, count, out[user])


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


@_compiled
def sum_rows(
    indptr: Any, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    sums: Any, others: Any, seen: Any, touched: Any,
) -> Any:  # fmt: skip
    """What the weighted sparse rows of one user sum up to, where above 0: columns int32 and values float32."""
    count = _gather(indptr[0], indptr[1], rows, weights, starts, columns, values, sums, seen, touched, 0)
    return _take(sums, seen, touched, count)


@_compiled
def sum_two_rows(
    indptr: Any, rows: Any, weights: Any, starts: Any, columns: Any, values: Any,
    own_indptr: Any, own_rows: Any, own_weights: Any, own_starts: Any, own_columns: Any, own_values: Any,
    sums: Any, others: Any, seen: Any, touched: Any,
) -> Any:  # fmt: skip
    """As ``sum_rows``, for the sum of rows of two matrices."""
    count = _gather_two(
        indptr[0], indptr[1], rows, weights, starts, columns, values,
        own_indptr[0], own_indptr[1], own_rows, own_weights, own_starts, own_columns, own_values,
        sums, others, seen, touched,
    )  # fmt: skip
    return _take(sums, seen, touched, count)


@_compiled
def _take(sums: Any, seen: Any, touched: Any, count: int) -> Any:
    """The sums above 0, and where; all are cleared."""
    where, taken, size = np.empty(count, np.int32), np.empty(count, np.float32), 0
    for place in range(count):
        column = touched[place]
        if sums[column] > 0:
            where[size], taken[size] = column, sums[column]
            size += 1
        sums[column] = 0
        seen[column] = False
    return where[:size], taken[:size]


@_compiled
def add_sparse(where: Any, values: Any, scale: Any, sums: Any, seen: Any, touched: Any, count: int) -> int:
    """Add scaled values of one user to ``sums``; columns not seen before are appended to those touched.

    Returns:
        How many were touched.

    """
    for place in range(len(where)):
        column = where[place]
        if not seen[column]:
            seen[column] = True
            touched[count] = column
            count += 1
        sums[column] += values[place] * scale
    return count


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
        largest = np.float32(0)
        for column in range(len(own)):
            largest = max(largest, own[column])
        scale = gate[user] / largest if largest > 0 else np.float32(0)
        for column in range(len(own)):
            added[column] += own[column] * scale
