"""Blends by their formula, and what they say carried an item."""

import numpy as np
import pytest

from tasks.domain import Evidence
from tasks.recommenders.blend import UserKNNCosineBlend
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.popularity import Popularity
from tasks.recommenders.user_knn import UserKNNCosine
from tests.recommenders.conftest import virtual_of_block
from tests.worlds import block_new_users, block_training


@pytest.mark.parametrize("weight", [0.05, 2.0])
def test_the_formula(weight: float) -> None:
    training, users = block_training(), block_new_users().users
    found = UserKNNCosineBlend(weight=weight).fit(training).score(users)
    interest = np.maximum(UserKNNCosine().fit(training).score(users), 0)
    popularity = Popularity().counts(training)
    expected = interest / interest.max(axis=1, keepdims=True) + weight * popularity / popularity.max()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_larger_part_carries() -> None:
    training, users = block_training(), block_new_users().users
    light = UserKNNCosineBlend(weight=0.001).fit(training)
    top = light.top_k(users, 5)
    assert (top.evidence == Evidence.REAL).all()
    assert (UserKNNCosineBlend(weight=5.0).fit(training).top_k(users, 5).evidence == Evidence.POPULARITY).all()
    made_up = light.top_k(block_new_users(shots=0).users.with_virtual(virtual_of_block(30, 60, 3, shift=1)), 5)
    assert (made_up.evidence == Evidence.VIRTUAL).all()


def test_the_base_says_which_popularity() -> None:
    training = block_training()
    base = UserKNNCosine(fallback=Fallback("late_popularity"))
    nobody = block_new_users(shots=0).users
    late = UserKNNCosineBlend(base=base).fit(training).top_k(nobody, 10).ids
    assert (late != UserKNNCosineBlend().fit(training).top_k(nobody, 10).ids).any()


def test_the_weight_is_checked() -> None:
    with pytest.raises(ValueError, match="weight must be above 0"):
        UserKNNCosineBlend(weight=0.0)
