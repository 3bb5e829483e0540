"""EASE beside the regressions that its closed form solves, and its form for wide catalogues beside the whole."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.domain import Training
from tasks.errors import ConfigError
from tasks.recommenders.ease import EASE
from tests.recommenders.conftest import training_of, virtual_of_block
from tests.worlds import block_new_users, block_training


def mixed_training(items: int = 40) -> Training:
    """Blocks, with virtual users who hold two of them: weights of either sign."""
    rows = virtual_of_block(30, items, 2, shift=0, weight=0.7)
    mixed = csr_array(rows.matrix + virtual_of_block(30, items, 2, shift=1, weight=0.3).matrix)
    return block_training(items=items, blocks=2).with_virtual_rows(type(rows)(mixed, "test", 0))


def test_each_item_is_a_ridge_regression_on_the_others() -> None:
    training, l2 = mixed_training(), 20.0
    behaviour = training.behaviour().toarray().astype(np.float64)
    weights = EASE(l2=l2).fit(training).weights
    assert isinstance(weights, np.ndarray)
    assert weights.dtype == np.float32
    for item in range(40):
        others = np.delete(np.arange(40), item)
        predictors = behaviour[:, others]
        gram = predictors.T @ predictors + l2 * np.eye(39)
        expected = np.linalg.solve(gram, predictors.T @ behaviour[:, item])
        np.testing.assert_allclose(weights[others, item], expected, atol=1e-5)
    assert (np.diag(weights) == 0).all()


def test_two_items_by_hand() -> None:
    """One user holds both items, weight 1: XᵀX + λ is [[1 + λ, 1], [1, 1 + λ]], so the weight is 1 / (1 + λ)."""
    np.testing.assert_allclose(EASE(l2=3.0).fit(training_of([[1, 1]])).weights, [[0, 0.25], [0.25, 0]], rtol=1e-6)


def test_larger_than_a_block_of_rows() -> None:
    training = block_training(users=200, items=1100, blocks=2)
    gram = (training.behaviour().T @ training.behaviour()).toarray().astype(np.float64)
    inverse = np.linalg.inv(gram + 50.0 * np.eye(1100))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(EASE(l2=50.0).fit(training).weights, expected, atol=1e-5)


def test_the_wide_form_is_the_closed_form_of_the_popular_items() -> None:
    training = mixed_training()
    behaviour = training.behaviour().toarray().astype(np.float64)
    chosen = np.sort(np.argsort(-(behaviour > 0).sum(axis=0), kind="stable")[:25])
    inverse = np.linalg.inv(behaviour[:, chosen].T @ behaviour[:, chosen] + 20.0 * np.eye(25))
    expected = np.zeros((40, 40))
    expected[np.ix_(chosen, chosen)] = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    found = EASE(l2=20.0, dense_items=25).fit(training).weights
    assert isinstance(found, csr_array)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-5)


def test_of_a_wide_catalogue_the_largest_weights_are_kept() -> None:
    training = mixed_training()
    whole = EASE(l2=20.0, dense_items=39).fit(training).weights
    cut = EASE(l2=20.0, dense_items=39, neighbours=8).fit(training).weights
    assert isinstance(whole, csr_array)
    assert isinstance(cut, csr_array)
    assert np.diff(cut.indptr).max() == 8
    all_weights, kept = whole.toarray(), cut.toarray()
    np.testing.assert_array_equal(kept[kept != 0], all_weights[kept != 0])
    np.testing.assert_array_equal(np.sort(abs(kept), axis=1)[:, -8:], np.sort(abs(all_weights), axis=1)[:, -8:])
    assert (kept < 0).any()


@pytest.mark.parametrize("dense_items", [10_000, 50])
def test_interest_is_linear_in_real_and_virtual_behaviour(dense_items: int) -> None:
    users = block_new_users().users.with_virtual(virtual_of_block(30, 60, 3, shift=1, weight=0.5))
    fitted = EASE(dense_items=dense_items).fit(block_training())
    interest = fitted.interest(users)
    assert users.virtual is not None
    assert interest.real is not None
    weights, total, real = (
        one if isinstance(one, np.ndarray) else one.toarray()
        for one in (fitted.weights, interest.total, interest.real())
    )
    support = users.support(60).toarray()
    np.testing.assert_allclose(real, support @ weights, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(total, (support + users.virtual.matrix.toarray()) @ weights, rtol=1e-5, atol=1e-9)


def test_items_without_interest_above_zero_come_in_the_order_of_popularity() -> None:
    training = mixed_training()
    fitted = EASE(l2=5.0).fit(training)
    users = block_new_users(items=40, blocks=2).users
    weights = fitted.weights
    assert isinstance(weights, np.ndarray)
    interest = users.support(40).toarray() @ weights
    assert (interest < 0).any()
    scores = fitted.score(users)
    np.testing.assert_array_equal(scores[interest <= 0], np.broadcast_to(fitted.fallback, (30, 40))[interest <= 0])
    np.testing.assert_allclose(scores[interest > 0], interest[interest > 0], rtol=1e-4, atol=1e-7)


def test_what_single_precision_cannot_solve_is_refused() -> None:
    training = block_training(users=3, items=20, blocks=1)
    heavy = virtual_of_block(5, 20, 1, shift=0, weight=1e6)
    with pytest.raises(ConfigError, match="l2"):
        EASE(l2=1e-6).fit(training.with_virtual_rows(heavy))


@pytest.mark.parametrize("setting", [{"l2": 0.0}, {"dense_items": 0}, {"neighbours": 0}])
def test_settings_are_checked(setting: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        EASE(**setting)
