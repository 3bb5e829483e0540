"""Few users: what is chosen from a mean is what is chosen from the draws."""

import numpy as np
import pytest

from tasks.augmentation.policy import Policy, choose, choose_few
from tasks.recommenders.best_of_few import best_of_few


@pytest.mark.parametrize(
    "policy", [Policy(), Policy(items=3, threshold=0.5), Policy(weights="equal", kappa=None), Policy(items=200)]
)
def test_chosen_from_the_mean(policy: Policy) -> None:
    drawn = np.random.default_rng(0).dirichlet(np.full(70, 0.3), (4, 9)).astype(np.float32)
    support, shots = (np.array([0, 0, 5]), np.array([1, 7, 69])), np.arange(9)
    expected = choose(policy, drawn, support, shots)
    found = choose_few(policy, drawn.mean(axis=0), support, shots)
    kept = expected.weights > 0
    np.testing.assert_array_equal(kept, found.weights > 0)
    np.testing.assert_array_equal(found.items[kept], expected.items[kept])
    np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-6)


def test_damaged_probabilities_are_refused() -> None:
    for damage in (np.nan, np.inf, -1.0):
        mean = np.full((1, 20), 0.05, dtype=np.float32)
        mean[0, 11] = damage
        with pytest.raises(ValueError, match="finite"):
            choose_few(Policy(), mean, (np.zeros(0, dtype=int), np.zeros(0, dtype=int)), np.zeros(1, dtype=int))


@pytest.mark.parametrize("columns", [1, 5, 300])
@pytest.mark.parametrize("most", [1, 4, 50])
def test_the_best_of_few_are_those_of_a_stable_sort(columns: int, most: int) -> None:
    scores = np.random.default_rng(1).integers(0, 9, (6, columns)).astype(np.float32)
    scores[2] = -np.inf
    k = min(most, columns)
    values, order = np.empty((6, k), dtype=np.float32), np.empty((6, k), dtype=np.int64)
    best_of_few(scores, values, order)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(values, np.take_along_axis(scores, expected, axis=1))
    np.testing.assert_array_equal(order, expected)


def test_nan_comes_first() -> None:
    scores = np.array([[1, np.nan, 3]], dtype=np.float32)
    values, order = np.empty((1, 2), dtype=np.float32), np.empty((1, 2), dtype=np.int64)
    best_of_few(scores, values, order)
    assert np.isnan(values[0, 0])
    assert order[0, 0] == 1
