"""Loops over the few entries of a few profiles, compiled: what numpy and scipy do in many calls and passes.

Every loop adds in the order in which scipy adds, in the same precision, so that sums are the same to the last bit.
"""

from typing import Any

import numpy as np
from numba import njit

# Compiled once per machine and kept beside this file; the scorer's thread does not hold up the others meanwhile.
_compiled: Any = njit(cache=True, nogil=True)

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
            for place in range(starts[rows[entry]], starts[rows[entry] + 1]):
                sums[columns[place]] += product
        return
    for entry in range(first, last):
        weight = weights[entry]
        for place in range(starts[rows[entry]], starts[rows[entry] + 1]):
            sums[columns[place]] += weight * values[place]


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
        first, last = indptr[user], indptr[user + 1]
        if _are_many(first, last, rows, starts, len(sums)):
            pour(first, last, rows, weights, starts, columns, values, sums)
            np.maximum(sums, np.float32(0), sums)
            add_relative(sums.reshape(1, -1), gate[user : user + 1], out[user : user + 1])
            sums[:] = 0
        else:
            count = _gather(first, last, rows, weights, starts, columns, values, sums, seen, touched, 0)
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
    """What the weighted sparse rows of one user sum up to, where above 0: columns int32 and values float32.

    Where they are many there are no columns, but a value of every one.
    """
    if _are_many(indptr[0], indptr[1], rows, starts, len(sums)):
        pour(indptr[0], indptr[1], rows, weights, starts, columns, values, sums)
        found = np.maximum(sums, np.float32(0))
        sums[:] = 0
        return np.empty(0, np.int32), found
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
def add_at(where: Any, values: Any, scale: Any, sums: Any) -> None:
    """Add scaled values of one user to ``sums``."""
    for place in range(len(where)):
        sums[where[place]] += values[place] * scale


@_compiled
def add_where(where: Any, values: Any, scale: Any, sums: Any, seen: Any) -> None:
    """Add scaled values of one user to ``sums``, at the columns that are seen alone."""
    for place in range(len(where)):
        column = where[place]
        if seen[column]:
            sums[column] += values[place] * scale


@_compiled
def collect(sums: Any, seen: Any, touched: Any, count: int, everywhere: Any) -> Any:
    """The columns touched, int32, and their sums with what every column has, float32; the sums are cleared."""
    where, totals = touched[:count].copy(), np.empty(count, np.float32)
    for place in range(count):
        column = where[place]
        totals[place] = sums[column] + everywhere[column]
        sums[column] = 0
        seen[column] = False
    return where, totals
