"""Figures of orders: known answers, ties as chance has them, and the same from other libraries."""

import itertools

import numpy as np
import pytest

from tasks.domain import Ragged
from tasks.uses.order import area_under_curve, expected_ndcg, expected_precision


def ndcg(scores: list[float], targets: list[int], k: int) -> float:
    lists = Ragged.from_lengths(np.array([len(scores)]))
    return float(expected_ndcg(lists, np.array(scores), np.array(targets, dtype=np.bool_), k)[0])


def test_ndcg_by_hand() -> None:
    # Targets at ranks 1 and 3 of 4: (1 + 1/2) / (1 + 1/log2 3).
    assert ndcg([0.9, 0.5, 0.4, 0.1], [1, 0, 1, 0], 10) == pytest.approx(1.5 / (1 + 1 / np.log2(3)))
    assert ndcg([0.9, 0.5, 0.4, 0.1], [1, 0, 1, 0], 1) == 1.0
    assert ndcg([0.9, 0.5, 0.4, 0.1], [0, 0, 0, 1], 3) == 0.0
    assert np.isnan(ndcg([1.0, 2.0], [0, 0], 10))


def test_ties_in_lists_count_as_all_their_orders_do_on_average() -> None:
    scores, targets = [2.0, 1.0, 1.0, 1.0, 0.0], [0, 1, 0, 0, 1]
    orders = [[0, *middle, 4] for middle in itertools.permutations([1, 2, 3])]
    each = [ndcg([-order.index(item) for item in range(5)], targets, 3) for order in orders]
    assert ndcg(scores, targets, 3) == pytest.approx(np.mean(each))


def test_ndcg_of_many_lists_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import ndcg_score

    random = np.random.default_rng(0)
    lengths = random.integers(2, 30, 40)
    rows = Ragged.from_lengths(lengths)
    scores = random.integers(0, 6, rows.indptr[-1]).astype(np.float32)  # many ties
    targets = random.random(rows.indptr[-1]) < 0.3
    for k in (1, 10):
        found = expected_ndcg(rows, scores, targets, k)
        for row in range(rows.rows):
            own = slice(rows.indptr[row], rows.indptr[row + 1])
            if targets[own].any():
                expected = ndcg_score([targets[own].astype(int)], [scores[own]], k=k)
                assert found[row] == pytest.approx(expected, abs=1e-9)
            else:
                assert np.isnan(found[row])


def test_auc_by_hand() -> None:
    # Two buyers, two others: 3 of 4 pairs are right.
    assert area_under_curve(np.array([4.0, 2.0, 3.0, 1.0]), np.array([True, True, False, False])) == 0.75
    assert area_under_curve(np.array([2.0, 1.0, 1.0]), np.array([True, False, False])) == 1.0
    assert area_under_curve(np.array([1.0, 1.0, 0.0]), np.array([True, False, False])) == 0.75  # one pair tied
    assert area_under_curve(np.zeros(9), np.arange(9) < 4) == 0.5
    assert np.isnan(area_under_curve(np.zeros(3), np.ones(3, dtype=np.bool_)))


def test_auc_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(2)
    for _ in range(20):
        scores, buys = random.integers(0, 20, 200).astype(np.float32), random.random(200) < 0.1
        assert area_under_curve(scores, buys) == pytest.approx(roc_auc_score(buys, scores))


def test_precision_by_hand() -> None:
    scores, buys = np.array([5.0, 4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False, False])
    assert [expected_precision(scores, buys, n) for n in (1, 2, 3, 5)] == pytest.approx([1, 0.5, 2 / 3, 0.4])
    # One place is left for three tied users, one of whom buys.
    assert expected_precision(np.array([3.0, 1.0, 1.0, 1.0]), np.array([True, True, False, False]), 2) == pytest.approx(
        (1 + 1 / 3) / 2
    )
    assert expected_precision(np.zeros(8), np.arange(8) < 2, 3) == pytest.approx(2 / 8)
