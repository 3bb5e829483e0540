import dataclasses

import numpy as np

from tasks.training.catalogue import DAY, RECENT_HALF_LIVES, recent_shares
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
