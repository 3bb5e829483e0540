import dataclasses

import numpy as np

from tasks.domain import ItemFeatures
from tasks.training.catalogue import DAY, RECENT_HALF_LIVES, catalogue_of, recent_shares
from tasks.training.clock import Clock
from tests.worlds import block_training


def test_recent_touches_count_for_more_and_shares_sum_to_one() -> None:
    warm = block_training().warm
    times = np.full_like(warm.histories.times, warm.now - 40 * DAY)
    first = np.flatnonzero(warm.histories.items == warm.histories.items[0])[0]
    times[first] = warm.now - 1
    shares = np.exp(
        recent_shares(dataclasses.replace(warm, histories=dataclasses.replace(warm.histories, times=times)), 60)
    )
    assert shares.shape == (60, len(RECENT_HALF_LIVES))
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-5)
    sold_last = warm.histories.items[0]
    assert shares[:, 0].argmax() == sold_last
    assert shares[sold_last, 0] > shares[sold_last, 1] > shares[sold_last, 2]


def test_a_share_by_hand() -> None:
    warm = block_training(users=3, items=60).warm
    times = np.full_like(warm.histories.times, warm.now - int(7 * DAY))
    shares = np.exp(
        recent_shares(dataclasses.replace(warm, histories=dataclasses.replace(warm.histories, times=times)), 60)
    )
    counts = np.bincount(warm.histories.items, minlength=60)
    # All touches weigh 2^-1 at a half-life of 7 days, and every item gets one more of that weight.
    np.testing.assert_allclose(shares[:, 1], (counts + 1) / (counts + 1).sum(), rtol=1e-5)


def test_without_times_there_is_no_recency() -> None:
    warm = block_training().warm
    timeless = dataclasses.replace(warm, histories=dataclasses.replace(warm.histories, times=None), now=None)
    assert recent_shares(timeless, 60).shape == (60, 0)


def test_without_side_features_behaviour_is_all_that_is_left() -> None:
    training, items = block_training(), 60
    text = np.random.default_rng(0).random((items, 4), dtype=np.float32)
    described = ItemFeatures(text, np.zeros((items, 0), dtype=np.int32), np.zeros((items, 0), dtype=np.float32))
    training = dataclasses.replace(training, item_features=described)
    whole, bare = (catalogue_of(training, 8, 0, Clock(), known) for known in (True, False))
    assert (whole.feature_width, whole.user_cardinalities, whole.user_numbers) == (4, (4,), 1)
    assert whole.calendar_width > 0
    assert (bare.feature_width, bare.user_cardinalities, bare.user_numbers, bare.calendar_width) == (0, (), 0, 0)
    assert not np.allclose(whole.item_vectors, bare.item_vectors)  # those of rare items go by their text
    np.testing.assert_array_equal(whole.priors, bare.priors)
