import numpy as np
import pytest

from tasks.splitting import UserHoldoutSplit, split, warm_of_everything
from tests.splitting.logs import all_posed, log_of

ROWS = [
    (f"user {user}", f"item {(user * 7 + step) % 40}", user % 30 + step) for user in range(1000) for step in range(6)
]


@pytest.fixture(scope="module", params=[True, False], ids=["with times", "without times"])
def log(request):
    return log_of(ROWS, times=request.param)


def ids(population):
    return set(population.users["user_id"])


def test_test_users_are_the_same_for_every_seed_and_validation_users_are_not(log):
    one, two = (split(log, UserHoldoutSplit(), seed=seed) for seed in (0, 1))
    assert ids(one.test) == ids(two.test)
    assert ids(one.validation) != ids(two.validation)
    assert not ids(one.test) & (ids(two.validation) | ids(two.warm))


def test_a_fifth_tests_and_a_quarter_of_the_rest_validates(log):
    parts = split(log, UserHoldoutSplit(), seed=0)
    assert 160 < len(parts.test.half) < 240
    assert abs(len(parts.validation.half) / (1000 - len(parts.test.half)) - 0.25) < 0.05
    assert len(ids(parts.warm) | ids(parts.validation) | ids(parts.test)) == 1000


def test_halves_and_folds_are_even(log):
    parts = split(log, UserHoldoutSplit(validation_share=0.9), seed=0)
    half, fold = parts.validation.half, parts.validation.fold
    assert abs(half.mean() - 0.5) < 0.06
    assert np.all(np.bincount(fold[half == 1], minlength=5) > 40)
    assert set(parts.test.half) == {0}


def test_every_warm_user_gives_episodes_and_sees_the_whole_log(log):
    parts = split(log, UserHoldoutSplit(), seed=0)
    assert parts.warm.gives_episodes.all()
    assert parts.warm.matrix().nnz == 6 * len(parts.warm.users)
    assert (parts.warm.now is None) == (not log.roles.has_times)


def test_rest_can_be_posed(log):
    posed = all_posed(split(log, UserHoldoutSplit(), seed=0), "rest")
    assert [one.shots for one in posed] == [0, 1, 3, 5]
    assert all(set(np.diff(one.targets.indptr)) == {1} for one in posed)


def test_refit_works_without_times():
    warm, catalogue = warm_of_everything(log_of(ROWS, times=False), UserHoldoutSplit())
    assert warm.now is None
    assert warm.as_new is None
    assert len(catalogue) == 40
    assert len(warm.users) == 1000
