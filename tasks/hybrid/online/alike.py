"""The rows most alike to a profile, compiled: the neighbours that ``similaripy`` finds, ties at the edge included."""

import math
from typing import Any

import numpy as np

from tasks.compiled import njit
from tasks.hybrid.online.kernels import add_sums, pour
from tasks.hybrid.online.select import SAMPLED, bound_of, flagged, largest, unflagged

# As numpy divides: a check for zeros would keep several divisions from being made at once.
_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")

_LENIENT = np.float32(1 - 1e-5)
"""A bound on cosines is compared without a division: rounding must not rule out what lies on it."""
_SWEPT, _SIFTED = 8, 64
"""Up to so many rows for each that is met, all rows are taken for met; and up to so many, those met are looked for
among all. Fewer are sorted."""


@_compiled
def meet(items: Any, weights: Any, starts: Any, holders: Any, held: Any, norms: Any, everybody: Any, sums: Any) -> Any:
    """Products of a profile with the rows that share an item with it.

    Products are added item after item in float32, as ``similaripy`` does.

    Args:
        items: int32 (n,), of the profile, rising.
        weights: float32 (n,), above 0.
        starts: int (I + 1,), boundaries of the items' holders.
        holders: Rows that hold each item, rising.
        held: float32, with this weight, above 0.
        norms: float32 (N,), of all rows, above 0.
        everybody: int32 (N,), all rows.
        sums: float32 (N,), zeros, and left so.

    Returns:
        Rows int32 (m,), rising: those met, or all of them where many are; products float32 (m,), 0 of those not met;
        the norm of the profile, float32, and those of the rows, float32 (m,).

    """
    entries, squares = 0, 0.0
    for entry in range(len(items)):
        entries += starts[items[entry] + 1] - starts[items[entry]]
        squares += float(weights[entry]) * float(weights[entry])
    norm = np.float32(math.sqrt(squares))
    if entries * _SWEPT > len(sums):
        products = np.zeros_like(sums)
        pour(0, len(items), items, weights, starts, holders, held, products)
        return everybody, products, norm, norms
    pour(0, len(items), items, weights, starts, holders, held, sums)
    rows = _above_zero(sums) if entries * _SIFTED > len(sums) else _met(items, starts, holders, sums, entries)
    few, own = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    for place in range(len(rows)):
        row = rows[place]
        few[place], own[place] = sums[row], norms[row]
        sums[row] = 0
    return rows, few, norm, own


@_compiled
def _above_zero(sums: Any) -> Any:
    """Where sums are above 0, rising."""
    flags = unflagged(len(sums))
    for place in range(len(sums)):
        flags[place] = sums[place] > 0
    return flagged(flags)


@_compiled
def _met(items: Any, starts: Any, holders: Any, sums: Any, entries: int) -> Any:
    """As ``_above_zero``, of what rows hold these items; quicker where few do."""
    rows, size = np.empty(entries, np.int32), 0
    for item in items:
        for place in range(starts[item], starts[item + 1]):
            rows[size] = holders[place]
            size += sums[holders[place]] > 0
    rows = np.sort(rows[:size])
    size = 0
    for place in range(len(rows)):
        if place == 0 or rows[place] != rows[place - 1]:
            rows[size] = rows[place]
            size += 1
    return rows[:size]


@_compiled
def most_alike(
    rows: Any, products: Any, norm: Any, norms: Any, shrink: Any, most: int,
    items: Any, starts: Any, columns: Any, place_of: Any,
) -> Any:  # fmt: skip
    """The rows with the largest cosine: rows int32, rising, and similarities float32, all above 0.

    ``similaripy`` keeps the best on a heap: of equal similarities at its edge those stay that were met before it was
    full of them and better ones, save those of small row numbers that a larger similarity pushed out. It meets rows
    item after item, those of an item by rising number.

    Args:
        rows: As ``meet`` tells them.
        products: As ``meet`` tells them.
        norm: As ``meet`` tells it.
        norms: As ``meet`` tells them.
        shrink: float32, added to the denominator.
        most: At least 1.
        items: int32 (n,), of the profile, rising.
        starts: int (N + 1,), boundaries of the rows.
        columns: The items they hold, rising.
        place_of: int32 (I,), zeros, and left so.

    """
    norm = np.float32(norm)  # a float of Python's, where it was handed on
    near = _promising(products, norm, norms, shrink, most)
    similar, count = np.empty(len(near), np.float32), 0
    for place in near:
        near[count], similar[count] = place, _cosine(products, norm, norms, shrink, place)
        count += products[place] > 0
    near, similar = near[:count], similar[:count]
    if count > most:
        edge, count = largest(similar, most), 0
        for place in range(len(near)):
            near[count], similar[count] = near[place], similar[place]
            count += similar[place] >= edge
        near, similar = near[:count], similar[:count]
    found = np.empty(count, np.int32)
    for place in range(count):
        found[place] = rows[near[place]]
    if count <= most:
        return found, similar
    return _untied(found, similar, edge, most, items, starts, columns, place_of)


@_compiled
def _cosine(products: Any, norm: Any, norms: Any, shrink: Any, place: Any) -> Any:
    return products[place] / (norm * norms[place] + shrink)


@_compiled
def _promising(products: Any, norm: Any, norms: Any, shrink: Any, most: int) -> Any:
    """Places of the rows most alike and of what else a sample does not rule out, int32, rising; none is divided."""
    sample = np.empty((len(products) + SAMPLED - 1) // SAMPLED, np.float32)
    for number in range(len(sample)):
        sample[number] = _cosine(products, norm, norms, shrink, number * SAMPLED)
    bound = bound_of(sample, most, len(products)) * _LENIENT
    flags, times, more = unflagged(len(products)), bound * norm, bound * shrink
    for place in range(len(products)):
        flags[place] = products[place] >= norms[place] * times + more
    found = flagged(flags)
    if len(found) < most:
        flags[: len(products)] = True
        found = flagged(flags)
    return found


@_compiled
def add_nearest(
    met: Any, hood: Any, items: Any, behaviour: Any, room: Any, place_of: Any, weight: Any, out: Any
) -> int:  # fmt: skip
    """Add what the rows most alike hold, in units of the largest, times a weight.

    Args:
        met: What ``meet`` tells.
        hood: What ``most_alike`` takes beside it: shrink, most, boundaries of the rows and their items.
        items: As ``most_alike`` takes them.
        behaviour: Boundaries, items and values of what each row holds.
        room: As ``Room.arrays`` tells it.
        place_of: As ``most_alike`` takes it.
        weight: float32.
        out: float32 (I,), added to.

    Returns:
        How many items were touched, they stand in ``room``; -1 where they are many.

    """
    sums, _, seen, touched = room
    rows, similar = most_alike(*met, *hood[:2], items, *hood[2:], place_of)
    return add_sums(0, len(rows), rows, similar, *behaviour, sums, seen, touched, weight, out)


@_compiled
def _untied(
    rows: Any, similar: Any, edge: Any, most: int, items: Any, starts: Any, columns: Any, place_of: Any
) -> Any:  # fmt: skip
    """As many rows as asked for, and their similarities, where more are alike enough: see ``most_alike``."""
    for place in range(len(items)):
        place_of[items[place]] = place + 1
    surplus, met_by = len(rows) - most, np.empty(len(rows), np.int64)
    last, last_by = 0, -1
    for place in range(len(rows)):
        if similar[place] == edge:
            by = _met_by(rows[place], starts, columns, place_of)
            if by >= last_by:
                last, last_by = place, by
    # Of those on the edge this was met last. Mostly enough others were met after it, as the first of them show.
    after, place = 0, 0
    while place < len(rows) and after < surplus:
        met_by[place] = _met_by(rows[place], starts, columns, place_of)
        after += met_by[place] > last_by or (met_by[place] == last_by and place > last)
        place += 1
    for item in items:
        place_of[item] = 0
    came_late = np.zeros(len(rows), np.bool_)
    if after < surplus:
        met = np.zeros(len(items) + 1, np.int64)
        for place in range(len(rows)):
            met[met_by[place] + 1] += 1
        for number in range(len(items)):
            met[number + 1] += met[number]
        for place in range(len(rows)):
            came_late[place] = similar[place] == edge and met[met_by[place]] >= most
            met[met_by[place]] += 1
    for place in range(len(rows)):
        if came_late[place]:
            surplus -= 1
    count = 0
    for place in range(len(rows)):
        if similar[place] == edge and not came_late[place] and surplus > 0:
            surplus -= 1
        elif not came_late[place]:
            rows[count], similar[count] = rows[place], similar[place]
            count += 1
    return rows[:count], similar[:count]


@_compiled
def _met_by(row: Any, starts: Any, columns: Any, place_of: Any) -> int:
    """By which of a profile's items, marked in ``place_of``, a row is met first."""
    for place in range(starts[row], starts[row + 1]):
        if place_of[columns[place]] > 0:
            return int(place_of[columns[place]]) - 1
    return 0
