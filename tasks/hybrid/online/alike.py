"""The rows most alike to a profile, compiled: the neighbours that ``similaripy`` finds, ties at the edge included."""

import math
from typing import Any

import numpy as np

from tasks.compiled import njit
from tasks.hybrid.online.kernels import add_sums, pour
from tasks.hybrid.online.select import largest, shortlist

# As numpy divides: a check for zeros would keep several divisions from being made at once.
_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")

_SWEPT = 8
"""All rows are looked at rather than those met sorted, up to this many rows for each that is met."""


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
        and the products of both norms, float32 (m,).

    """
    entries, squares = 0, 0.0
    for entry in range(len(items)):
        entries += starts[items[entry] + 1] - starts[items[entry]]
        squares += float(weights[entry]) * float(weights[entry])
    norm = np.float32(math.sqrt(squares))
    pour(0, len(items), items, weights, starts, holders, held, sums)
    if entries * _SWEPT > len(sums):
        products = sums.copy()
        sums[:] = 0
        return everybody, products, norm * norms
    rows = _met(items, starts, holders, sums, entries)
    products, scales = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    for place in range(len(rows)):
        row = rows[place]
        products[place], scales[place] = sums[row], norm * norms[row]
        sums[row] = 0
    return rows, products, scales


@_compiled
def _met(items: Any, starts: Any, holders: Any, sums: Any, entries: int) -> Any:
    """Where sums are above 0, rising; quicker than to look through all where few are."""
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
    rows: Any, products: Any, scales: Any, shrink: Any, most: int,
    items: Any, starts: Any, columns: Any, place_of: Any,
) -> Any:  # fmt: skip
    """The rows with the largest cosine: rows int32, rising, and similarities float32, all above 0.

    ``similaripy`` keeps the best on a heap: of equal similarities at its edge those stay that were met before it was
    full of them and better ones, save those of small row numbers that a larger similarity pushed out. It meets rows
    item after item, those of an item by rising number.

    Args:
        rows: As ``meet`` tells them.
        products: As ``meet`` tells them.
        scales: As ``meet`` tells them.
        shrink: float32, added to the denominator.
        most: At least 1.
        items: int32 (n,), of the profile, rising.
        starts: int (N + 1,), boundaries of the rows.
        columns: The items they hold, rising.
        place_of: int32 (I,), zeros, and left so.

    """
    alike = products / (scales + shrink)
    near = shortlist(alike, most)
    similar, count = np.empty(len(near), np.float32), 0
    for place in near:
        near[count], similar[count] = place, alike[place]
        count += alike[place] > 0
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
    kept = _untied(found, similar, _met_by(found, items, starts, columns, place_of), edge, most)
    return found[kept], similar[kept]


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
def _met_by(rows: Any, items: Any, starts: Any, columns: Any, place_of: Any) -> Any:
    """By which of a profile's items each row is met first, int64 (m,)."""
    for place in range(len(items)):
        place_of[items[place]] = place + 1
    found = np.zeros(len(rows), np.int64)
    for number in range(len(rows)):
        for place in range(starts[rows[number]], starts[rows[number] + 1]):
            if place_of[columns[place]] > 0:
                found[number] = place_of[columns[place]] - 1
                break
    place_of[items] = 0
    return found


@_compiled
def _untied(rows: Any, alike: Any, by: Any, edge: Any, most: int) -> Any:
    """Places of as many as asked for, where more are equally alike."""
    met = np.zeros(by.max() + 2, np.int64)
    for number in by:
        met[number + 1] += 1
    met = np.cumsum(met)
    kept, count = np.empty(len(rows), np.int64), 0
    for place in range(len(rows)):
        if alike[place] > edge or met[by[place]] < most:
            kept[count] = place
            count += 1
        met[by[place]] += 1
    kept = kept[:count]
    if count > most:
        at_edge = rows[kept[alike[kept] == edge]]
        kept = kept[(alike[kept] > edge) | (rows[kept] > at_edge[count - most - 1])]
    return kept
