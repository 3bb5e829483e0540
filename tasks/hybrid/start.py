"""Where the gate starts: the best popularity with the best filter, the strongest thing that two weights can say.

From there the gate has to be led away by what users took; with a large ridge it stays, and the hybrid is a tuned
baseline. So it has no reason to be worse than one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.hybrid.gate import Choices, Gate

WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Of a filter beside popularity at weight 1; the scores of both are 0 … 1."""
_DEPTH = 10


def best_start(names: Sequence[str], priors: Sequence[int], filters: Sequence[int], choices: Choices) -> Gate:
    """The popularity with the highest NDCG@10 without any event; with events the pair that serves best.

    Args:
        names: Of the M scores.
        priors: Positions of forms of popularity, at least one.
        filters: Positions of filters.
        choices: What the tuning users took.

    """
    few, many = np.zeros(len(names)), np.zeros(len(names))
    none, some = (choices.select(mask) for mask in (choices.shots == 0, choices.shots > 0))
    first = max(priors, key=lambda prior: ndcg(none.scores[:, prior], none))
    few[first] = 1.0

    def value(prior: int, other: int, weight: float) -> float:
        return ndcg(some.scores[:, prior] + np.float32(weight) * some.scores[:, other], some)

    # One after the other rather than every triple: the best prior alone, filter and weight beside it, prior again.
    prior = max(priors, key=lambda one: value(one, one, 0.0))
    pairs = [(prior, 0.0), *((other, weight) for other in filters for weight in WEIGHTS)]
    other, weight = max(pairs, key=lambda pair: value(prior, *pair))
    if weight:
        prior = max(priors, key=lambda one: value(one, other, weight))
    many[prior] = 1.0
    if not len(none.shots):
        few = many.copy()
    for weights in (few, many):  # a filter says nothing without events, and as much as here with any
        weights[other] += weight
    return Gate(tuple(names), few, many)


def ndcg(scores: NDArray[np.float32], choices: Choices) -> float:
    """Mean NDCG@10 of candidates ranked by these scores (C,); 0 without users."""
    return float(ndcg_of(scores, choices).mean()) if len(choices.shots) else 0.0


def ndcg_of(scores: NDArray[np.floating], choices: Choices) -> NDArray[np.float64]:
    """NDCG@10 of each user (U,).

    Users none of whose targets is a candidate are not among the choices; they would be 0 for every score.
    """
    users = len(choices.shots)
    row = np.repeat(np.arange(users), np.diff(choices.starts))
    order = np.lexsort((-scores, row))
    place = np.arange(len(order)) - choices.starts[:-1][row]
    shown = place < _DEPTH
    gains = np.where(choices.taken[order][shown] > 0, 1 / np.log2(place[shown] + 2), 0.0)
    best = np.cumsum(1 / np.log2(np.arange(_DEPTH) + 2))
    ideal: NDArray[np.float64] = best[np.minimum(choices.targets, _DEPTH) - 1]
    return np.bincount(row[shown], weights=gains, minlength=users) / ideal
