"""Loops of lists among candidates, compiled: one list takes dozens of steps, and calls cost more than most of them."""

from typing import Any

import numpy as np

from tasks.compiled import njit
from tasks.hybrid.online.kernels import total_of
from tasks.hybrid.online.select import head

_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def everywhere(popular: Any, by_kind: Any) -> Any:
    """Sums of every item over all kinds of evidence, and of every kind over all items.

    Args:
        popular: float32 (I,).
        by_kind: float32 (K, I).

    Returns:
        float32 (I,) and float64 (K,).

    """
    totals, sums = popular.copy(), np.empty(len(by_kind), np.float64)
    for kind in range(len(by_kind)):
        told = by_kind[kind]
        sums[kind] = total_of(told)
        for item in range(len(totals)):
            totals[item] += told[item]
    return totals, sums


@_compiled
def note(columns: Any, seen: Any, touched: Any, count: int) -> int:
    """Append the columns not seen before to those touched; how many there are then."""
    for column in columns:
        if not seen[column]:
            seen[column] = True
            touched[count] = column
            count += 1
    return count


@_compiled
def noted(popular: Any, by_kind: Any, extra: Any, seen: Any, touched: Any, count: int) -> Any:
    """As ``everywhere``, of the items touched alone: they, int32, come first.

    Args:
        popular: float32 (I,).
        by_kind: float32 (K, I).
        extra: float32 (I,), beside them; zeros afterwards.
        seen: bool (I,), none afterwards.
        touched: The items.
        count: How many there are.

    """
    items, totals, sums = touched[:count].copy(), np.empty(count, np.float32), np.zeros(len(by_kind), np.float64)
    for place in range(count):
        item = items[place]
        seen[item] = False
        totals[place] = popular[item] + extra[item]
        extra[item] = 0
        for kind in range(len(by_kind)):
            totals[place] += by_kind[kind, item]
            sums[kind] += by_kind[kind, item]
    return items, totals, sums


@_compiled
def add_at(where: Any, values: Any, scale: Any, sums: Any) -> None:
    """Add scaled values of one user to ``sums``."""
    for place in range(len(where)):
        sums[where[place]] += values[place] * scale


@_compiled
def candidates(totals: Any, own: Any, depth: int) -> Any:
    """The items with the largest sums above 0, int32, rising.

    Args:
        totals: float32 (I,), 0 afterwards where the user's own items stand.
        own: int32 (s,), they.
        depth: How many, at most.

    """
    for item in own:
        totals[item] = 0
    places = head(totals, depth)
    found, count = np.empty(len(places), np.int32), 0
    for place in places:
        found[count] = place
        count += totals[place] > 0
    return found[:count]


@_compiled
def gathered(popular: Any, mean: float, by_kind: Any, over_all: Any, items: Any) -> Any:
    """What each kind of evidence says of some items, popularity first, and of all of them on average.

    Args:
        popular: float32 (I,).
        mean: Of it.
        by_kind: float32 (K, I).
        over_all: float64 (K,), sums over all items.
        items: int32 (n,).

    Returns:
        float32 (1 + K, n) and float32 (1 + K,).

    """
    values, means = np.empty((1 + len(by_kind), len(items)), np.float32), np.empty(1 + len(by_kind), np.float32)
    means[0] = mean
    for place in range(len(items)):
        values[0, place] = popular[items[place]]
    for kind in range(len(by_kind)):
        means[kind + 1] = over_all[kind] / len(popular)
        for place in range(len(items)):
            values[kind + 1, place] = by_kind[kind, items[place]]
    return values, means


@_compiled
def best(values: Any, means: Any, kinds: Any, k: int) -> Any:
    """The items with the largest sums.

    Args:
        values: float32 (K, n), what each kind of evidence says of n items, not negative.
        means: float32 (K,), of each kind over all items.
        kinds: uint8 (K,), their numbers, rising.
        k: At most n.

    Returns:
        Places int64 (k,), best first; sums float32 (k,); the kind that lifts each most above the mean, uint8 (k,);
        and whether sums are equal that decide who is listed, or where.

    """
    scores = np.zeros(values.shape[1], np.float32)
    for kind in range(len(values)):
        scores += values[kind]
    places = head(scores, k + 1)
    order = places[np.argsort(-scores[places])]
    are_tied = False
    for place in range(1, len(order)):
        are_tied |= scores[order[place]] == scores[order[place - 1]]
    order = order[:k]
    return order, scores[order], lifted(values, means, kinds, order), are_tied


@_compiled
def lifted(values: Any, means: Any, kinds: Any, places: Any) -> Any:
    """Which kind of evidence lifts items most; of equal ones the first."""
    found = np.full(len(places), kinds[0], np.uint8)
    for number in range(len(places)):
        most = np.float32(-np.inf)
        for kind in range(len(values)):
            lift = values[kind, places[number]] - means[kind]
            if lift > most:
                most, found[number] = lift, kinds[kind]
    return found
