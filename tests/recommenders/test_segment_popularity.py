"""Popularity within segments by its formula."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from tasks.domain import NewUsers, Ragged, Training, UserFeatures
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.decayed_popularity import DecayedPopularity
from tasks.recommenders.segment_popularity import SegmentPopularity
from tests.recommenders.conftest import training_of
from tests.worlds import block_training

Form = Literal["popularity", "decayed_popularity", "late_popularity"]
FORMS: tuple[Form, ...] = ("popularity", "decayed_popularity", "late_popularity")


def strangers(categories: list[list[int]]) -> NewUsers:
    """Users of whom only the classes are known."""
    codes = np.array(categories, dtype=np.int32)
    users = len(codes)
    return NewUsers(
        rows=Ragged.from_lengths(np.zeros(users, dtype=np.int64)),
        items=np.zeros(0, dtype=np.int32),
        times=None,
        weights=np.zeros(0, dtype=np.float32),
        features=UserFeatures(codes, np.zeros((users, 0), dtype=np.float32)),
        now=None,
        ids=np.arange(users, dtype=np.uint64),
    )


def with_classes(training: Training, categories: np.ndarray) -> Training:
    numbers = np.zeros((len(categories), 0), dtype=np.float32)
    return replace(training, user_features=UserFeatures(categories.astype(np.int32), numbers))


def two_columns(training: Training) -> Training:
    """Column 0 tells the block, except of every fifth user; column 1 has two classes that tell nothing."""
    user = np.arange(len(training.warm.histories.users))
    block = np.where(user % 5 == 0, 0, user % 3 + 1)
    return with_classes(training, np.stack([block, user // 3 % 2 + 1], axis=1))


@pytest.mark.parametrize("form", FORMS)
def test_touches_add_up_to_the_form(form: Form) -> None:
    training = block_training()
    touches = SegmentPopularity(form=form, half_life_days=9.0).touches(training)
    np.testing.assert_allclose(touches.sum(axis=0), Fallback(form, 9.0).counts(training), rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("strength", [0.5, 40.0])
def test_the_formula(form: Form, strength: float) -> None:
    training = two_columns(block_training())
    settings = SegmentPopularity(strength=strength, form=form)
    touches, codes = settings.touches(training).toarray(), training.user_features.categories
    overall = touches.sum(axis=0) / touches.sum()

    def within(column: int, code: int) -> np.ndarray:
        counts = touches[codes[:, column] == code].sum(axis=0)
        return (counts + strength * overall) / (counts.sum() + strength)

    found = settings.fit(training).score(strangers([[2, 1], [0, 2], [3, 0], [0, 0], [9, 1]]))
    expected = [(within(0, 2) + within(1, 1)) / 2, within(1, 2), within(0, 3), overall, within(1, 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_by_hand() -> None:
    """Of four touches one user of class 1 has two, of items 0 and 1; item 1 is held by a user of class 2, too."""
    training = with_classes(training_of([[1, 1, 0], [0, 1, 1]]), np.array([[1], [2]]))
    found = SegmentPopularity(strength=2.0).fit(training).score(strangers([[1], [2], [0]]))
    expected = [[1.5 / 4, 2 / 4, 0.5 / 4], [0.5 / 4, 2 / 4, 1.5 / 4], [1 / 4, 2 / 4, 1 / 4]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_recent_users_of_the_segment_count_for_more() -> None:
    training = two_columns(block_training())
    touches = SegmentPopularity(form="decayed_popularity", half_life_days=5.0).touches(training)
    np.testing.assert_allclose(touches.data.sum(), DecayedPopularity(5.0).weights(training).sum())
    recent = SegmentPopularity(1.0, "decayed_popularity", 5.0).fit(training).score(strangers([[1, 1]]))
    plain = SegmentPopularity(1.0, "popularity").fit(training).score(strangers([[1, 1]]))
    assert not np.allclose(recent, plain)


def test_without_user_features_it_is_the_overall_form() -> None:
    training = with_classes(block_training(), np.zeros((120, 0)))
    found = SegmentPopularity().fit(training).score(strangers([[], []]))
    counts = Fallback().counts(training)
    np.testing.assert_allclose(found, np.broadcast_to(counts / counts.sum(), (2, 60)), rtol=1e-6)


def test_other_columns_than_the_warm_users_had_are_refused() -> None:
    fitted = SegmentPopularity().fit(two_columns(block_training()))
    with pytest.raises(ValueError, match="expected 2 columns of user categories"):
        fitted.score(strangers([[1]]))


@pytest.mark.parametrize("setting", [{"strength": 0.0}, {"form": "nothing"}, {"half_life_days": 0.0}])
def test_settings_are_checked(setting: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        SegmentPopularity(**setting)
