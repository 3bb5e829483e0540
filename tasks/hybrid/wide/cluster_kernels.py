"""Products with the items of a few clusters, compiled."""

from typing import Any

import numpy as np
from numba import njit

from tasks.hybrid.online.kernels import total_of

_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")

_TINY = float(np.finfo(np.float32).tiny)
_FIRST = 8
"""One part in so many is looked into first, and tells whether the others can hold anything better."""
_DEVIATIONS = np.float32(3)
"""How far above a cluster's mean its best item is taken to lie."""


@_compiled
def promises(mean: Any, variance: Any, shift: Any) -> Any:
    """What the best item of each cluster is taken to have for any of the directions.

    Args:
        mean: float32 (R, C), of the products.
        variance: float32 (R, C), likewise.
        shift: float32 (R,), taken off the products to make them comparable over directions.

    Returns:
        float32 (C,).

    """
    found = np.full(mean.shape[1], -np.inf, np.float32)
    for row in range(len(mean)):
        for cluster in range(len(found)):
            promise = mean[row, cluster] - shift[row] + _DEVIATIONS * np.sqrt(variance[row, cluster])
            found[cluster] = max(found[cluster], promise)
    return found


@_compiled
def look(directions: Any, promise: Any, shift: Any, starts: Any, items: Any, table: Any, most: int, enough: int) -> Any:
    """Look into clusters, the most promising first.

    Args:
        directions: float32 (R, D).
        promise: float32 (C,).
        shift: float32 (R,).
        starts: int64 (C + 1,), boundaries of the clusters.
        items: int32 (I,), theirs.
        table: float32 (I, D), their vectors.
        most: Items after which no further cluster is looked into.
        enough: Nor is one that promises less than this many items have, once an eighth of ``most`` was looked at.

    Returns:
        The clusters, int64 (P,); their items, int32 (n,); and the products, float32 (n, R).

    """
    order = np.argsort(-promise)
    width, count = 0, 0
    while count < len(order) and width < most:
        width += starts[order[count] + 1] - starts[order[count]]
        count += 1
    across = np.ascontiguousarray(directions.T)
    where, found = np.empty(width, np.int32), np.empty((width, len(directions)), np.float32)
    filled, looked, bound, look_again = 0, 0, -np.inf, max(most // _FIRST, enough)
    # The first always: what is damaged promises nothing, and shows there.
    while looked < count and (looked == 0 or promise[order[looked]] > bound):
        first, last = starts[order[looked]], starts[order[looked] + 1]
        until = filled + last - first
        np.dot(table[first:last], across, found[filled:until])
        where[filled:until] = items[first:last]
        filled, looked = until, looked + 1
        if filled >= look_again and looked < count:
            bound, look_again = _least_of(found[:filled], shift, enough), 2 * filled
    return order[:looked], where[:filled], found[:filled]


@_compiled
def _least_of(products: Any, shift: Any, enough: int) -> Any:
    """What so many items have at least."""
    best = np.empty(len(products), np.float32)
    for place in range(len(products)):
        best[place] = (products[place] - shift).max()
    return float(np.partition(best, len(best) - enough)[len(best) - enough])


@_compiled
def at(directions: Any, items: Any, place: Any, table: Any) -> Any:
    """Products with any items, float32 (n, R).

    Args:
        directions: float32 (R, D).
        items: int (n,), rows of the catalogue.
        place: int32 (I,), where each of them stands in the table.
        table: float32 (I, D).

    """
    rows = np.empty((len(items), table.shape[1]), np.float32)
    for number in range(len(items)):
        rows[number] = table[place[items[number]]]
    return np.dot(rows, np.ascontiguousarray(directions.T))


@_compiled
def masses(mean: Any, variance: Any, log_sizes: Any, interests: int) -> Any:
    """Masses of clusters in a softmax over all items, as if products were normal: log E[exp(x)] = mean + variance / 2.

    Args:
        mean: float32 (R, C).
        variance: float32 (R, C).
        log_sizes: float32 (C,).
        interests: Rows of one draw, next to each other: they share a softmax.

    Returns:
        Log masses, float32 (R, C); and the log of each draw's sum, float32 (R,).

    """
    log_mass = mean + variance / np.float32(2) + log_sizes
    log_norm = np.empty(len(mean), np.float32)
    for first in range(0, len(mean), interests):
        peak = log_mass[first : first + interests].max()
        total = np.exp(log_mass[first : first + interests] - peak).sum()
        log_norm[first : first + interests] = peak + np.log(total)
    return log_mass, log_norm


@_compiled
def shift_odds(odds: Any, log_mass: Any, looked: Any, interests: int) -> Any:
    """Take the largest of each draw off, and leave masses of clusters that were looked into aside.

    Args:
        odds: float32 (n, R), written.
        log_mass: float32 (R, C), written.
        looked: The clusters.
        interests: As in ``masses``.

    Returns:
        What was taken off, float32 (R,).

    """
    for row in range(len(log_mass)):
        for cluster in looked:
            log_mass[row, cluster] = -np.inf
    shift = np.full(len(log_mass), -np.inf, np.float32)
    for place in range(len(odds)):
        for row in range(len(shift)):
            shift[row] = max(shift[row], odds[place, row])
    for first in range(0, len(shift), interests):
        draw = slice(first, first + interests)
        shift[draw] = max(shift[draw].max(), log_mass[draw].max())
    odds -= shift
    return shift


@_compiled
def normalise(
    odds: Any, log_mass: Any, shift: Any, interests: int, support: Any, place: Any, looked: Any, starts: Any
) -> Any:
    """From odds to mean probabilities over draws, 0 at support items.

    Args:
        odds: float32 (n, R), e to the power of what ``shift_odds`` left; written at support items.
        log_mass: As ``shift_odds`` left it.
        shift: As ``shift_odds`` tells it.
        interests: As in ``masses``.
        support: Items that are not to be expected.
        place: int32 (I,), where items stand.
        looked: The clusters that were looked into, in the order of ``odds``.
        starts: Boundaries of all clusters.

    Returns:
        float32 (n,); and what each direction's odds count, float32 (R,).

    """
    filled = 0
    for cluster in looked:
        for item in support:
            if starts[cluster] <= place[item] < starts[cluster + 1]:
                odds[filled + place[item] - starts[cluster]] = 0
        filled += starts[cluster + 1] - starts[cluster]
    shares = np.empty(len(shift), np.float32)
    for first in range(0, len(shift), interests):
        norm = np.float64(0)
        for row in range(first, first + interests):
            norm += total_of(odds[:, row]) + total_of(np.exp(log_mass[row] - shift[row]))
        draws = len(shift) // interests
        shares[first : first + interests] = 1 / (draws * max(norm, _TINY))
    return np.dot(odds, shares), shares
