"""How good an order is: figures of ranked lists and audiences where equal scores stand in any order.

Ties count by what a random order of the tied would give on average, so a scorer that says the same of everything is
exactly as good as chance.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Ragged


def expected_ndcg(
    lists: Ragged, scores: NDArray[np.floating], is_target: NDArray[np.bool_], k: int
) -> NDArray[np.float64]:
    """NDCG@k of lists of different lengths, binary gain, ideal cut at k (ties: McSherry and Najork, ECIR 2008).

    Args:
        lists: Boundaries of U lists with N entries together.
        scores: float (N,), higher comes first.
        is_target: bool (N,).
        k: Places that count, at least 1.

    Returns:
        float64 (U,), 0 … 1; ``nan`` for a list without targets.

    """
    row = lists.row_of_entry
    order = np.lexsort((-scores, row))  # rows stay where they are
    sorted_scores, gain = scores[order], is_target[order].astype(np.float64)
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (row[1:] != row[:-1]) | (sorted_scores[1:] != sorted_scores[:-1])
    tied = np.cumsum(begins) - 1
    share = np.bincount(tied, weights=gain) / np.maximum(np.bincount(tied), 1)
    place = lists.position_in_row
    discount = np.where(place < k, 1 / np.log2(place + 2.0), 0.0)
    found = np.bincount(row, weights=share[tied] * discount, minlength=lists.rows)
    targets = np.bincount(row, weights=gain, minlength=lists.rows).astype(np.int64)
    best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(k) + 2.0))])[np.minimum(targets, k)]
    return np.divide(found, best, out=np.full(lists.rows, np.nan), where=targets > 0)


def area_under_curve(scores: NDArray[np.floating], is_buyer: NDArray[np.bool_]) -> float:
    """The chance that a buyer is scored above somebody who is not, ties half (Hanley and McNeil 1982).

    Args:
        scores: float (U,).
        is_buyer: bool (U,).

    Returns:
        0 … 1; ``nan`` where everybody, or nobody, is a buyer.

    """
    from scipy.stats import rankdata

    buyers = int(is_buyer.sum())
    others = len(is_buyer) - buyers
    if not buyers or not others:
        return float("nan")
    above = rankdata(scores)[is_buyer].sum() - buyers * (buyers + 1) / 2
    return float(above / (buyers * others))


def expected_precision(scores: NDArray[np.floating], is_buyer: NDArray[np.bool_], n: int) -> float:
    """Share of buyers among the n users with the highest scores.

    Args:
        scores: float (U,).
        is_buyer: bool (U,).
        n: Size of the audience, 1 … U.

    """
    edge = np.partition(scores, len(scores) - n)[len(scores) - n]
    above, tied = scores > edge, scores == edge
    return float((is_buyer[above].sum() + (n - above.sum()) * is_buyer[tied].mean()) / n)
