"""Forms of popularity by hand-computed cases."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.domain import Training
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.decayed_popularity import DecayedPopularity
from tasks.recommenders.late_popularity import LatePopularity
from tasks.recommenders.popularity import Popularity
from tests.worlds import DAY, block_training


def without_times(training: Training) -> Training:
    warm = training.warm
    return replace(training, warm=replace(warm, histories=replace(warm.histories, times=None), now=None))


def test_popularity_counts_users() -> None:
    training = block_training()
    held = (training.warm.matrix().toarray() > 0).sum(axis=0)
    np.testing.assert_array_equal(Popularity().counts(training), held)


def test_a_touch_counts_half_after_a_half_life() -> None:
    training = block_training(users=2, items=24, blocks=3)
    warm = training.warm
    items = warm.histories.items
    assert warm.now is not None
    times = np.where(np.arange(len(items)) < 8, warm.now - 10 * DAY, warm.now - 20 * DAY)
    training = replace(training, warm=replace(warm, histories=replace(warm.histories, times=times)))
    counts = DecayedPopularity(half_life_days=10.0).counts(training)
    assert counts[items[:8]] == pytest.approx(0.5)
    assert counts[items[8:]] == pytest.approx(0.25)
    assert counts.sum() == pytest.approx(6.0)


def test_the_cut_lies_after_all_it_counts() -> None:
    training = block_training()
    with pytest.raises(ValueError, match="before the cut"):
        DecayedPopularity().counts(replace(training, warm=replace(training.warm, now=30 * DAY)))


def test_without_times_decay_means_nothing() -> None:
    training = without_times(block_training())
    np.testing.assert_array_equal(DecayedPopularity().counts(training), Popularity().counts(training))
    assert DecayedPopularity().fit(training).provenance.newest is None


def test_late_popularity_counts_targets_then_popularity() -> None:
    training = block_training()
    targets = sum(posed.targets.toarray().sum(axis=0) for posed in training.episodes)
    counts = LatePopularity().counts(training)
    np.testing.assert_array_equal(np.floor(counts), targets)
    same = np.flatnonzero(np.floor(counts) == np.floor(counts)[0])
    popularity = Popularity().counts(training)
    np.testing.assert_array_equal(np.argsort(counts[same], kind="stable"), np.argsort(popularity[same], kind="stable"))


def test_without_episodes_late_means_nothing() -> None:
    training = replace(block_training(), episodes=())
    np.testing.assert_array_equal(LatePopularity().counts(training), Popularity().counts(training))


@pytest.mark.parametrize("form", ["popularity", "decayed_popularity", "late_popularity"])
def test_the_fallback_keeps_the_order_below_interest(form: str) -> None:
    training = block_training()
    order = Fallback(form=form, half_life_days=5.0).order(training)  # type: ignore[arg-type]
    counts = {
        "popularity": Popularity().counts,
        "decayed_popularity": DecayedPopularity(5.0).counts,
        "late_popularity": LatePopularity().counts,
    }[form](training)
    assert order.dtype == np.float32
    assert order.max() <= 0
    assert order.min() > -1
    np.testing.assert_array_equal(np.unique(order, return_inverse=True)[1], np.unique(counts, return_inverse=True)[1])


@pytest.mark.parametrize(
    ("kind", "setting", "message"),
    [
        (DecayedPopularity, {"half_life_days": 0}, "half_life_days"),
        (Fallback, {"form": "nothing"}, "form"),
        (Fallback, {"half_life_days": -1}, "half_life_days"),
    ],
)
def test_settings_are_checked(kind: type, setting: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**setting)
