from math import isnan

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.domain import NO_ITEM
from tasks.evaluation.metrics import ItemPopularity, ListMetric
from tasks.evaluation.metrics.average_popularity import AveragePopularity
from tasks.evaluation.metrics.coverage import Coverage
from tasks.evaluation.metrics.gini import Gini
from tasks.evaluation.metrics.novelty import Novelty

POPULARITY = ItemPopularity(holders=np.array([8, 4, 2, 1]), users=8)
METRICS: list[ListMetric] = [Coverage(), Novelty(), AveragePopularity(), Gini()]


def lists(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.int32)


def test_popularity_counts_warm_users_not_weights() -> None:
    behaviour = csr_array(np.array([[3.0, 0.0, 1.0], [5.0, 0.0, 0.0]], dtype=np.float32))
    popularity = ItemPopularity.of(behaviour)
    assert popularity.holders.tolist() == [2, 0, 1]
    assert popularity.shares.tolist() == [1.0, 0.0, 0.5]


def test_coverage_is_the_share_of_items_recommended_to_anybody() -> None:
    assert Coverage().overall(lists([0, 1], [0, NO_ITEM]), POPULARITY) == 0.5


def test_novelty_is_in_bits_per_user_first() -> None:
    # Shares 1, 1/2, 1/4, 1/8 are 0, 1, 2 and 3 bits: the first user's mean is 2.5, the second's 0.
    assert Novelty().overall(lists([2, 3], [0, NO_ITEM]), POPULARITY) == pytest.approx((2.5 + 0) / 2)


def test_an_item_nobody_holds_is_as_novel_as_one_that_one_user_holds() -> None:
    assert Novelty().overall(lists([0]), ItemPopularity(np.array([0]), users=8)) == pytest.approx(3.0)


def test_average_popularity_is_a_share_per_user_first() -> None:
    assert AveragePopularity().overall(lists([0, 1], [3, NO_ITEM]), POPULARITY) == pytest.approx((0.75 + 0.125) / 2)


def test_gini_is_0_for_even_and_near_1_for_uneven_recommendations() -> None:
    assert Gini().overall(lists([0, 1], [2, 3]), POPULARITY) == pytest.approx(0.0)
    assert Gini().overall(lists([0], [0], [0]), POPULARITY) == pytest.approx(3 / 4)  # (I − 1) / I


def test_gini_is_half_the_relative_mean_difference() -> None:
    times = np.array([5, 1, 0, 2])
    ids = np.repeat(np.arange(4, dtype=np.int32), times)[:, None]
    difference = np.abs(times[:, None] - times[None, :]).mean()
    assert Gini().overall(ids, POPULARITY) == pytest.approx(difference / (2 * times.mean()))


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_recommended_has_no_figure(metric: ListMetric) -> None:
    assert isnan(metric.overall(lists([NO_ITEM, NO_ITEM]), POPULARITY))


@pytest.mark.parametrize("metric", METRICS)
def test_the_order_of_users_and_of_ranks_does_not_matter(metric: ListMetric) -> None:
    ids = np.argsort(np.random.default_rng(0).random((9, 4)), axis=1)[:, :3].astype(np.int32)
    assert metric.overall(ids[::-1, ::-1], POPULARITY) == pytest.approx(metric.overall(ids, POPULARITY))
