"""Priors from features beside an oracle, and what becomes of them where features are unknown."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tasks.domain import NewUsers, UserFeatures
from tasks.recommenders.feature_ials import FeatureIALS, FeatureIALSBlend, user_design
from tasks.recommenders.ials import IALS
from tests.recommenders.conftest import described_training
from tests.worlds import block_new_users, block_training


def with_features(users: NewUsers, categories: np.ndarray, numbers: np.ndarray) -> NewUsers:
    return replace(users, features=UserFeatures(categories.astype(np.int32), numbers.astype(np.float32)))


def test_the_regressors_of_a_user_by_hand() -> None:
    """Anything known, two classes of the first column, one of the second, a number; 0 and 3 are unknown codes."""
    features = UserFeatures(
        np.array([[1, 0], [2, 1], [3, 0], [0, 0]], dtype=np.int32), np.array([[0], [-0.5], [0], [2]], dtype=np.float32)
    )
    expected = [[1, 1, 0, 0, 0], [1, 0, 1, 1, -0.5], [0, 0, 0, 0, 0], [1, 0, 0, 0, 2]]
    np.testing.assert_array_equal(user_design(features, np.array([2, 1], dtype=np.int32)).toarray(), expected)


def test_priors_are_a_ridge_regression_of_the_factors() -> None:
    training = block_training()
    numbers = np.random.default_rng(0).normal(size=(120, 2)).astype(np.float32)
    training = replace(training, user_features=UserFeatures(training.user_features.categories, numbers))
    factors, _ = IALS(factors=6).factorise(training)
    fitted = FeatureIALS(factors=6, user_ridge=7.0).fit(training)
    design = user_design(training.user_features, np.array([3], dtype=np.int32)).toarray()
    oracle = Ridge(alpha=7.0, fit_intercept=False).fit(design, factors.astype(np.float64))
    np.testing.assert_allclose(fitted.from_features, oracle.coef_.T, atol=1e-5)


def test_users_without_events_are_scored_by_their_prior() -> None:
    fitted, users = FeatureIALS().fit(described_training()), block_new_users(shots=0).users
    design = user_design(users.features, fitted.widths)
    expected = (design @ fitted.from_features) @ fitted.item_factors.T
    np.testing.assert_allclose(fitted.interest(users).total, expected, atol=1e-5)


def test_events_correct_what_features_say() -> None:
    """Features of one block, items of the next: the more these count, and the more there are, the more they say."""
    misleading, nothing = (np.arange(30)[:, None] + 1) % 3 + 1, np.zeros((30, 1))
    own = np.arange(60) % 3 == (np.arange(30) % 3)[:, None]

    def share(alpha: float, shots: int | None) -> float:
        users = with_features(block_new_users(shots=shots).users, misleading, nothing)
        scores = np.maximum(FeatureIALS(alpha=alpha).fit(block_training()).score(users), 0)
        return float((scores * own).sum() / scores.sum())

    by_alpha, by_shots = [share(alpha, 3) for alpha in (1.0, 10.0, 100.0)], [share(10.0, s) for s in (0, 1, 3, None)]
    assert by_alpha == sorted(by_alpha)
    assert by_shots == sorted(by_shots)
    assert by_shots[0] < 0.1


def test_without_features_it_is_plain_alternating_least_squares() -> None:
    training = block_training()
    featureless = replace(training, user_features=UserFeatures.none(120))
    users = replace(block_new_users().users, features=UserFeatures.none(30))
    expected = IALS().fit(training).score(users)
    np.testing.assert_array_equal(FeatureIALS().fit(featureless).score(users), expected)
    np.testing.assert_array_equal(FeatureIALS().fit(training).score(users), expected)


def test_classes_never_seen_are_unknown() -> None:
    fitted, users = FeatureIALS().fit(block_training()), block_new_users().users
    unseen = with_features(users, np.full((30, 1), 9), np.zeros((30, 1)))
    unknown = with_features(users, np.zeros((30, 1)), np.zeros((30, 1)))
    np.testing.assert_array_equal(fitted.score(unseen), fitted.score(unknown))


def test_other_columns_are_refused() -> None:
    users = block_new_users().users
    odd = with_features(users, np.ones((30, 2)), np.zeros((30, 1)))
    with pytest.raises(ValueError, match="expected 1 user categories and 1 numbers, got 2 and 1"):
        FeatureIALS().fit(block_training()).score(odd)


def test_item_factors_are_drawn_to_what_features_say() -> None:
    """All of a block carry the same features but for noise, so far enough drawn, their factors agree."""
    training = described_training()
    own, mixed, drawn = (
        FeatureIALS(factors=4, item_shrink=shrink, item_ridge=1.0).fit(training).item_factors
        for shrink in (0.0, 20.0, 1e6)
    )
    np.testing.assert_array_equal(own, IALS(factors=4).fit(training).item_factors)

    def spread(factors: np.ndarray) -> float:
        blocks = factors.reshape(20, 3, 4)
        return float((blocks - blocks.mean(axis=0)).std() / factors.std())

    assert spread(own) > spread(mixed) > spread(drawn)
    assert spread(drawn) < 0.1


def test_a_blend_speaks_without_events_too() -> None:
    fitted = FeatureIALSBlend().fit(block_training())
    assert fitted.serves_without_events
    scores = fitted.score(block_new_users(shots=0).users)
    assert (scores.argmax(axis=1) % 3 == np.arange(30) % 3).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"user_ridge": 0.0}, "user_ridge and item_ridge must be above 0, got 0.0 and 10.0"),
        ({"item_shrink": -1.0}, "item_shrink must be at least 0, got -1.0"),
        ({"factors": 0}, "factors and iterations"),
    ],
)
def test_settings_are_checked(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeatureIALS(**wrong)
