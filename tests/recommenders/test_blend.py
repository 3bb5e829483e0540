"""Blends by their formula, and what they say carried an item."""

import numpy as np
import pytest

from tasks.domain import Evidence, NewUsers, Ragged
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


@pytest.mark.parametrize("shots", [0, 1, 3, None])
def test_popularity_fades_with_the_items_known(shots: int | None) -> None:
    training, users = block_training(), block_new_users(shots=shots).users
    constant = UserKNNCosineBlend(weight=0.4).fit(training).score(users)
    faded = UserKNNCosineBlend(weight=0.4, fade=0.5).fit(training).score(users)
    popularity = Popularity().counts(training)
    known = 4 if shots is None else shots  # the first visit holds four items
    lost = 0.4 * (1 - max(known, 1) ** -0.5) * popularity / popularity.max()
    np.testing.assert_allclose(constant - faded, np.broadcast_to(lost, constant.shape), atol=1e-6)


def test_each_user_fades_by_their_own_number_of_items() -> None:
    training = block_training()
    few, many = block_new_users(shots=1).users, block_new_users(shots=None).users
    held = np.where(np.arange(30) % 2, 1, 4)
    entries = many.rows.position_in_row < np.repeat(held, many.shots)
    mixed = NewUsers(
        rows=Ragged.from_lengths(held),
        items=many.items[entries],
        times=None,
        weights=many.weights[entries],
        features=many.features,
        now=None,
        ids=many.ids,
    )
    fitted = UserKNNCosineBlend(weight=0.4, fade=1.0).fit(training)
    expected = np.where((held == 1)[:, None], fitted.score(few), fitted.score(many))
    np.testing.assert_array_equal(fitted.score(mixed), expected)


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


@pytest.mark.parametrize("setting", [{"weight": 0.0}, {"fade": -0.5}])
def test_settings_are_checked(setting: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        UserKNNCosineBlend(**setting)
