"""The closed form beside scikit-learn, and what it does with users, parts and rare items."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tasks.domain import Training
from tasks.recommenders.episode_ridge import EpisodeRidge
from tasks.recommenders.popularity import Popularity
from tests.recommenders.conftest import virtual_of_block
from tests.worlds import block_new_users, block_training


def stacked(training: Training) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Supports of length 1, targets, and a weight of 1 per user over all numbers of shots."""
    shown = np.concatenate([posed.users.support(60).toarray() for posed in training.episodes])
    lengths = np.linalg.norm(shown, axis=1, keepdims=True)
    targets = np.concatenate([posed.targets.toarray() for posed in training.episodes])
    return shown / np.maximum(lengths, 1), targets, np.full(len(shown), 1 / len(training.episodes))


@pytest.mark.parametrize("intercept", [True, False])
def test_against_scikit_learn(intercept: bool) -> None:
    training, users = block_training(), block_new_users().users
    shown, targets, weights = stacked(training)
    mean = np.average(targets, axis=0, weights=weights) if intercept else np.zeros(60)
    oracle = Ridge(alpha=5.0, fit_intercept=False).fit(shown, targets - mean, sample_weight=weights)
    profiles = users.support(60).toarray()
    expected = oracle.predict(profiles / np.linalg.norm(profiles, axis=1, keepdims=True)) + mean
    found = EpisodeRidge(penalty=5.0, intercept=intercept).fit(training).interest(users).total
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_user_by_hand() -> None:
    """One episode x = (item a), y = (4 targets): W = y / (1 + λ) without intercept."""
    training = block_training(users=1)
    one = replace(training, episodes=tuple(posed for posed in training.episodes if posed.shots == 1))
    users = one.episodes[0].users
    found = EpisodeRidge(penalty=3.0, intercept=False).fit(one).interest(users).total
    np.testing.assert_allclose(found, one.episodes[0].targets.toarray() / 4, rtol=1e-6)


def test_a_user_counts_once_however_often_asked() -> None:
    training, users = block_training(), block_new_users().users
    three = next(posed for posed in training.episodes if posed.shots == 3)
    once, twice = (replace(training, episodes=episodes) for episodes in ((three,), (three, three)))
    expected = EpisodeRidge().fit(once).score(users)
    np.testing.assert_allclose(EpisodeRidge().fit(twice).score(users), expected, rtol=1e-5)


def test_users_without_targets_teach_nothing() -> None:
    training, users = block_training(), block_new_users().users
    three = next(posed for posed in training.episodes if posed.shots == 3)
    emptied = three.targets.copy()
    emptied.data[: emptied.indptr[60]] = 0
    emptied.eliminate_zeros()
    rest = replace(
        three,
        users=three.users.select(np.arange(60, 120)),
        targets=three.targets[60:],
        population=three.population[60:],
    )
    expected = EpisodeRidge().fit(replace(training, episodes=(rest,))).score(users)
    found = EpisodeRidge().fit(replace(training, episodes=(replace(three, targets=emptied),))).score(users)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_the_items_in_most_supports_speak() -> None:
    training = block_training()
    fitted = EpisodeRidge(support_items=7).fit(training)
    counts = sum(np.bincount(posed.users.items, minlength=60) for posed in training.episodes)
    assert fitted.inverse.shape == (7, 7)
    assert counts[fitted.support_items].min() >= np.delete(counts, fitted.support_items).max()
    silent = np.setdiff1d(np.arange(60), fitted.support_items)[0]
    users = block_new_users(shots=1).users
    unheard = replace(users, items=np.full(30, silent, dtype=np.int32))
    np.testing.assert_allclose(fitted.interest(unheard).total, np.tile(fitted.mean_target, (30, 1)), rtol=1e-6)


def test_real_is_half_where_as_much_was_made_up() -> None:
    fitted, users = EpisodeRidge().fit(block_training()), block_new_users().users
    virtual = replace(virtual_of_block(30, 60, 3, shift=0), matrix=users.support(60))
    interest = fitted.interest(users.with_virtual(virtual))
    assert interest.real is not None
    np.testing.assert_allclose(interest.real(), interest.total / 2, atol=1e-6)


def test_without_episodes_the_fallback_answers(caplog: pytest.LogCaptureFixture) -> None:
    training = replace(block_training(), episodes=())
    with caplog.at_level(logging.WARNING):
        fitted = EpisodeRidge().fit(training)
    assert "no warm user gives an episode" in caplog.text
    users = block_new_users().users
    np.testing.assert_array_equal(fitted.top_k(users, 9).ids, Popularity().fit(training).top_k(users, 9).ids)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"penalty": 0.0}, "penalty must be above 0"), ({"support_items": 0}, "support_items must be at least 1")],
)
def test_settings_are_checked(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EpisodeRidge(**wrong)
