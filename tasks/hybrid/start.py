"""Where the gate starts: the best popularity, and all filters alike beside it.

One number is chosen, how much the filters count together. Choosing the best filter was worse on users the choice had
not seen: the halves hold few users, and an average of filters needs no choice (docs/experiments.md). From there the
gate has to be led away by what users took; with a large ridge it stays.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.hybrid.gate import Choices, Gate

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Of all filters together beside popularity at weight 1; scores are 0 … 1."""
_DEPTH = 10


def equal_start(names: Sequence[str], priors: Sequence[int], filters: Sequence[int], choices: Choices) -> Gate:
    """The popularity with the highest NDCG@10 without any event, and the mean of the filters at the best weight.

    Args:
        names: Of the M scores.
        priors: Positions of forms of popularity, at least one.
        filters: Positions of filters; perhaps none.
        choices: What users took: the ones the gate is fitted to.

    """
    none, some = (choices.select(mask) for mask in (choices.shots == 0, choices.shots > 0))
    telling = none if len(none.shots) else some
    prior = max(priors, key=lambda one: ndcg(telling.scores[:, one], telling))
    weights = np.zeros(len(names))
    weights[prior] = 1.0
    if filters and len(some.shots):
        together = some.scores[:, list(filters)].mean(axis=1)
        alone = some.scores[:, prior]
        weight = max(WEIGHTS, key=lambda one: ndcg(alone + np.float32(one) * together, some))
        weights[list(filters)] = weight / len(filters)
    # A filter says nothing without events, and as much as here with any.
    return Gate(tuple(names), weights, weights.copy())


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
