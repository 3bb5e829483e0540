"""The rows most alike to a profile, compiled: the neighbours that ``similaripy`` finds, ties at the edge included."""

import math
from typing import Any

import numpy as np
from numba import njit

from tasks.hybrid.online.select import largest

_compiled: Any = njit(cache=True, nogil=True)

_SWEPT = 32
"""Memory is looked through from end to end rather than sorted by, up to this many places for each that is filled."""


@_compiled
def meet(items: Any, weights: Any, starts: Any, holders: Any, held: Any, sums: Any, order: Any) -> Any:
    """Products of a profile with all rows that share an item with it, in the order in which rows are met.

    Products are added item after item in float32, as ``similaripy`` does.

    Args:
        items: int32 (n,), of the profile, rising.
        weights: float32 (n,), above 0.
        starts: int64 (I + 1,), boundaries of the items' holders.
        holders: int32, rows that hold each item.
        held: float32, with this weight, above 0.
        sums: float32 (N,), zeros, and left so.
        order: int32 (N + 1,), overwritten.

    Returns:
        Rows int32 (m,), products float32 (m,), and the norm of the profile, float32.

    """
    count, squares = 0, 0.0
    for entry in range(len(items)):
        item, weight = items[entry], weights[entry]
        squares += float(weight) * float(weight)
        for place in range(starts[item], starts[item + 1]):
            row = holders[place]
            before, product = sums[row], held[place] * weight
            order[count] = row  # written over, unless it is the first time
            count += (before == 0) & (product != 0)
            sums[row] = before + product
    rows, products = order[:count].copy(), np.empty(count, np.float32)
    for place in range(count):
        products[place] = sums[rows[place]]
        sums[rows[place]] = 0
    return rows, products, np.float32(math.sqrt(squares))


@_compiled
def most_alike(rows: Any, products: Any, norm: Any, norms: Any, shrink: Any, most: int, sums: Any) -> Any:
    """The rows with the largest cosine: rows int32, rising, and similarities float32, all above 0.

    ``similaripy`` keeps the best on a heap: of equal similarities at its edge those stay that were met before it was
    full of them and better ones, save those of small row numbers that a larger similarity pushed out.

    Args:
        rows: int32 (m,), in the order in which they were met.
        products: float32 (m,), with the profile.
        norm: float32, of the profile.
        norms: float32 (N,), of all rows.
        shrink: float32, added to the denominator.
        most: At least 1.
        sums: float32 (N,), zeros, and left so.

    """
    alike = np.empty(len(rows), np.float32)
    for place in range(len(rows)):
        alike[place] = products[place] / (norm * norms[rows[place]] + shrink)
    if len(rows) <= most:
        return _in_order(rows, alike, sums)
    edge = largest(alike, most)
    near, count, met = np.empty(2 * most, np.int32), 0, 0
    for place in range(len(rows)):
        if alike[place] >= edge:
            if met < most or alike[place] > edge:
                near[count] = place
                count += 1
            met += 1
    near = near[:count]
    if count > most:
        at_edge = np.sort(rows[near[alike[near] == edge]])
        last_out = at_edge[count - most - 1]
        near = near[(alike[near] > edge) | (rows[near] > last_out)]
    return _in_order(rows[near], alike[near], sums)


@_compiled
def _in_order(rows: Any, values: Any, sums: Any) -> Any:
    """By rising row."""
    if len(sums) > _SWEPT * len(rows):
        order = np.argsort(rows)
        return rows[order], values[order]
    for place in range(len(rows)):
        sums[rows[place]] = values[place]
    sorted_rows, sorted_values, size = np.empty_like(rows), np.empty_like(values), 0
    for row in range(len(sums)):
        if sums[row] > 0:
            sorted_rows[size], sorted_values[size] = row, sums[row]
            sums[row] = 0
            size += 1
    return sorted_rows[:size], sorted_values[:size]
