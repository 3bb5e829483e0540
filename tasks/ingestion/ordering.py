"""Sorting rows by several whole-number columns at the speed of one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KEY_BITS = 64


def sort_rows(columns: Sequence[NDArray[np.integer]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Order of the rows by the first column, then the next, and where rows differ.

    The columns, and the number of the row behind them, are packed into one 64-bit key where their ranges allow: sorting
    plain numbers is several times faster than sorting positions.

    Args:
        columns: At least one, of shape (N,).

    Returns:
        ``order`` (N,), stable, and ``starts`` bool (N,): whether the row at that place of the order differs from
        the one before; True for the first.

    """
    rows = len(columns[0])
    starts = np.ones(rows, dtype=np.bool_)
    packed = _packed(columns)
    row_bits = max(rows - 1, 1).bit_length()
    if packed is not None and packed[1] + row_bits <= KEY_BITS:
        key = packed[0]
        key <<= np.uint64(row_bits)
        key |= np.arange(rows, dtype=np.uint64)
        key.sort()
        order = (key & np.uint64(2**row_bits - 1)).view(np.int64)
        key >>= np.uint64(row_bits)
        np.not_equal(key[1:], key[:-1], out=starts[1:])
        return order, starts
    keys = columns if packed is None else [packed[0]]
    order = np.lexsort(tuple(reversed(keys)))
    starts[1:] = False
    for column in keys:
        ordered = column[order]
        starts[1:] |= ordered[1:] != ordered[:-1]
    return order, starts


def sort_ties(
    order: NDArray[np.int64], starts: NDArray[np.bool_], columns: Sequence[NDArray[np.generic]]
) -> NDArray[np.bool_]:
    """Sort, in place, rows that agreed so far by further columns.

    Args:
        order: From ``sort_rows``; changed in place.
        starts: From ``sort_rows``.
        columns: Further columns of any sortable type; NaN equals NaN.

    Returns:
        bool (N,): whether the row at that place of the order agrees with the one before in all columns.

    """
    same = ~starts
    if not columns or not same.any():
        return same
    ties = same.copy()
    ties[:-1] |= same[1:]
    places = np.flatnonzero(ties)
    run = np.cumsum(starts)[places]
    rows = order[places]
    rows = rows[np.lexsort((*(column[rows] for column in reversed(columns)), run))]
    order[places] = rows
    here, before = rows[1:], rows[:-1]
    agrees = run[1:] == run[:-1]
    for column in columns:
        equal = column[here] == column[before]
        if column.dtype.kind == "f":
            equal |= np.isnan(column[here]) & np.isnan(column[before])
        agrees &= equal
    same[places[1:]] = agrees
    return same


def _packed(columns: Sequence[NDArray[np.integer]]) -> tuple[NDArray[np.uint64], int] | None:
    """One number per row that sorts as the columns do, and its bits; None where 64 bits do not suffice."""
    if len(columns[0]) == 0:
        return np.zeros(0, dtype=np.uint64), 0
    key, bits = np.zeros(len(columns[0]), dtype=np.uint64), 0
    for column in columns:
        lowest, highest = int(column.min()), int(column.max())
        step = _step(column, lowest)
        width = ((highest - lowest) // step).bit_length()
        bits += width
        if bits > KEY_BITS:
            return None
        digits = (column - lowest) // step if step > 1 else column
        key <<= np.uint64(width)
        # Unsigned numbers wrap around, so that this is right for negative ones too; in place, because fresh memory
        # costs more than the sum.
        np.add(key, digits, out=key, casting="unsafe", dtype=np.uint64)
        if lowest and step == 1:
            key -= np.uint64(lowest % 2**KEY_BITS)
    return key, bits


def _step(column: NDArray[np.integer], lowest: int) -> int:
    """Times are microseconds, but shops write whole seconds or minutes: only those need room in the key."""
    if column.dtype != np.int64:
        return 1
    for step in (60_000_000, 1_000_000, 1_000):
        if not any((int(value) - lowest) % step for value in column[:100]) and not ((column - lowest) % step).any():
            return step
    return 1
