"""The rows most alike to a profile, compiled: the neighbours that ``similaripy`` finds, ties at the edge included."""

import math
from typing import Any

import numpy as np
from numba import njit

from tasks.hybrid.online.kernels import pour
from tasks.hybrid.online.select import largest

# As numpy divides: a check for zeros would keep several divisions from being made at once.
_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")

_SWEPT = 32
"""Memory is looked through from end to end rather than sorted by, up to this many places for each that is filled."""


@_compiled
def meet(items: Any, weights: Any, starts: Any, holders: Any, held: Any, norms: Any, sums: Any, first: Any) -> Any:
    """Products of a profile with all rows that share an item with it.

    Products are added item after item in float32, as ``similaripy`` does.

    Args:
        items: int32 (n,), of the profile, rising.
        weights: float32 (n,), above 0.
        starts: int64 (I + 1,), boundaries of the items' holders.
        holders: int32, rows that hold each item, rising.
        held: float32, with this weight, above 0.
        norms: float32 (N,), of all rows.
        sums: float32 (N,), zeros, and left so.
        first: int32 (N,), overwritten.

    Returns:
        Rows int32 (m,), rising; products float32 (m,); the products of both norms float32 (m,); and by which of the
        profile's items each row was met first, int32 (m,).

    """
    entries, squares = 0, 0.0
    for entry in range(len(items)):
        entries += starts[items[entry] + 1] - starts[items[entry]]
        squares += float(weights[entry]) * float(weights[entry])
    pour(0, len(items), items, weights, starts, holders, held, sums)
    for entry in range(len(items) - 1, -1, -1):
        for place in range(starts[items[entry]], starts[items[entry] + 1]):
            first[holders[place]] = entry
    rows = _swept(sums) if entries * _SWEPT > len(sums) else _sorted(items, starts, holders, sums, entries)
    norm = np.float32(math.sqrt(squares))
    products, scales, by = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32), np.empty_like(rows)
    for place in range(len(rows)):
        row = rows[place]
        products[place], scales[place], by[place] = sums[row], norm * norms[row], first[row]
        sums[row] = 0
    return rows, products, scales, by


@_compiled
def _swept(sums: Any) -> Any:
    """Where sums are above 0."""
    rows, size = np.empty(len(sums), np.int32), 0
    for row in range(len(sums)):
        rows[size] = row
        size += sums[row] > 0
    return rows[:size]


@_compiled
def _sorted(items: Any, starts: Any, holders: Any, sums: Any, entries: int) -> Any:
    """As ``_swept``, where few are."""
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
def most_alike(rows: Any, products: Any, scales: Any, by: Any, shrink: Any, most: int) -> Any:
    """The rows with the largest cosine: rows int32, rising, and similarities float32, all above 0.

    ``similaripy`` keeps the best on a heap: of equal similarities at its edge those stay that were met before it was
    full of them and better ones, save those of small row numbers that a larger similarity pushed out. It meets rows
    item after item, those of an item by rising number.

    Args:
        rows: As ``meet`` tells them.
        products: As ``meet`` tells them.
        scales: As ``meet`` tells them.
        by: As ``meet`` tells them.
        shrink: float32, added to the denominator.
        most: At least 1.

    """
    alike = products / (scales + shrink)
    if len(rows) <= most:
        return rows, alike
    edge = largest(alike, most)
    near, count = np.empty(len(rows), np.int32), 0
    for place in range(len(rows)):
        near[count] = place
        count += alike[place] >= edge
    near = near[:count]
    if count > most:
        near = _untied(near, rows, alike, by, edge, most)
    return rows[near], alike[near]


@_compiled
def _untied(near: Any, rows: Any, alike: Any, by: Any, edge: Any, most: int) -> Any:
    """As many as asked for, where more are equally alike."""
    met = np.zeros(by[near].max() + 2, np.int64)
    for place in near:
        met[by[place] + 1] += 1
    met = np.cumsum(met)
    kept, count = np.empty_like(near), 0
    for place in near:
        if alike[place] > edge or met[by[place]] < most:
            kept[count] = place
            count += 1
        met[by[place]] += 1
    kept = kept[:count]
    if count > most:
        at_edge = rows[kept[alike[kept] == edge]]
        kept = kept[(alike[kept] > edge) | (rows[kept] > at_edge[count - most - 1])]
    return kept
