"""Products with the items of a few clusters, compiled."""

from typing import Any

import numpy as np

from tasks.compiled import njit
from tasks.hybrid.online.kernels import total_of
from tasks.hybrid.online.select import largest

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
        for place in range(last - first):
            where[filled + place] = items[first + place]
        filled, looked = until, looked + 1
        if filled >= look_again and looked < count:
            bound, look_again = _least_of(found[:filled], shift, enough), 2 * filled
    return order[:looked], where[:filled], found[:filled]


@_compiled
def _least_of(products: Any, shift: Any, enough: int) -> Any:
    """What so many items have at least."""
    best = np.full(len(products), -np.inf, np.float32)
    for place in range(len(products)):
        for row in range(len(shift)):
            best[place] = max(best[place], products[place, row] - shift[row])
    least = best.min()
    return float(largest(best - least, enough) + least)


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
        row, own = rows[number], table[place[items[number]]]
        for column in range(len(own)):
            row[column] = own[column]
    return np.dot(rows, np.ascontiguousarray(directions.T))


@_compiled
def odds_of(
    directions: Any, interests: int, means: Any, variances: Any, log_sizes: Any, starts: Any, items: Any, table: Any,
    most: int, enough: int,
) -> Any:  # fmt: skip
    """Odds of the items that are most likely for any draw, and the mass of all others.

    What lies in clusters that are not looked into counts by the moments of its cluster, as if products were normal:
    log E[exp(x)] = mean + variance / 2.

    Args:
        directions: float32 (R, D).
        interests: Rows of one draw, next to each other: they share a softmax over all items.
        means: float32 (D, C), of the clusters' vectors.
        variances: float32 (D, C), likewise.
        log_sizes: float32 (C,).
        starts: As ``look`` takes it.
        items: As ``look`` takes it.
        table: As ``look`` takes it.
        most: As ``look`` takes it.
        enough: As ``look`` takes it.

    Returns:
        The clusters that were looked into, int64 (P,); their items, int32 (n,); logits, float32 (n, R), from which the
        largest of each draw was taken off; that, float32 (R,); and the mass of all else, float32 (R,), in the same
        units as the odds that are e to the power of these logits.

    """
    mean, variance = np.dot(directions, means), np.dot(directions * directions, variances)
    log_mass, log_norm = mean + variance / np.float32(2) + log_sizes, np.empty(len(mean), np.float32)
    for first in range(0, len(mean), interests):
        draw = slice(first, first + interests)
        peak = log_mass[draw].max()
        log_norm[draw] = peak + np.log(np.exp(log_mass[draw] - peak).sum())
    looked, where, logits = look(
        directions, promises(mean, variance, log_norm), log_norm, starts, items, table, most, enough
    )
    for row in range(len(log_mass)):
        for cluster in looked:
            log_mass[row, cluster] = -np.inf
    shift = np.full(len(mean), -np.inf, np.float32)
    for place in range(len(logits)):
        for row in range(len(shift)):
            shift[row] = max(shift[row], logits[place, row])
    rest = np.empty(len(mean), np.float32)
    for first in range(0, len(shift), interests):
        draw = slice(first, first + interests)
        shift[draw] = max(shift[draw].max(), log_mass[draw].max())
        for row in range(first, first + interests):
            rest[row] = np.exp(log_mass[row] - shift[row]).sum()
    logits -= shift
    return looked, where, logits, shift, rest


@_compiled
def normalise(
    odds: Any, rest: Any, interests: int, support: Any, place: Any, looked: Any, starts: Any
) -> Any:  # fmt: skip
    """From odds to mean probabilities over draws, 0 at support items.

    Support items of clusters that were not looked into, which are not likely, stay in the mass of all else.

    Args:
        odds: float32 (n, R), written at support items.
        rest: As ``odds_of`` tells it.
        interests: As ``odds_of`` takes it.
        support: Items that are not to be expected.
        place: int32 (I,), where items stand.
        looked: As ``odds_of`` tells it.
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
    shares = np.empty(len(rest), np.float32)
    for first in range(0, len(rest), interests):
        norm = 0.0
        for row in range(first, first + interests):
            norm += total_of(odds[:, row]) + rest[row]
        draws = len(rest) // interests
        shares[first : first + interests] = 1 / (draws * max(norm, _TINY))
    return np.dot(odds, shares), shares


@_compiled
def probabilities_at(
    directions: Any, items: Any, place: Any, table: Any, shift: Any, shares: Any, support: Any
) -> Any:  # fmt: skip
    """Mean probabilities over draws of any items, 0 at support items.

    Args:
        directions: float32 (R, D).
        items: int32 (n,), rows of the catalogue.
        place: As ``at`` takes it.
        table: As ``at`` takes it.
        shift: As ``odds_of`` tells it.
        shares: As ``normalise`` tells them.
        support: int32 (s,).

    Returns:
        float32 (n,).

    """
    odds = np.exp(at(directions, items, place, table) - shift)
    found = np.dot(odds, shares)
    for number in range(len(items)):
        for own in support:
            if items[number] == own:
                found[number] = 0
    return found
