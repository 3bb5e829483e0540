"""What the weights of kinds of events do to each method, by hand and for every recommender of conf/recommender."""

import numpy as np
import pytest

from tasks.domain import NewUsers, Ragged, UserFeatures
from tasks.hybrid.same_visit import SameVisit
from tasks.overrides import choices
from tasks.recommenders.attention.attention_filter import AttentionFilter
from tasks.recommenders.decayed_popularity import DecayedPopularity
from tasks.recommenders.item_knn import ItemKNNCosine
from tasks.recommenders.late_popularity import LatePopularity
from tasks.recommenders.popularity import Popularity
from tasks.recommenders.segment_popularity import SegmentPopularity
from tasks.recommenders.user_knn import UserKNNCosine
from tasks.training.catalogue import catalogue_of
from tasks.training.clock import Clock
from tasks.training.episodes import conditions_of
from tests.recommenders.conftest import Fit, training_of

VIEW, BUY = 0.25, 1.0
FORMS = {"popularity", "decayed_popularity", "late_popularity", "segment_popularity"}
PERSONAL = [name for name in choices("recommender") if name not in FORMS]


def user_with(*weights: float, items: tuple[int, ...] = (0, 1), numbers: int = 0) -> NewUsers:
    """One user who touched these items with these weights."""
    return NewUsers(
        rows=Ragged.from_lengths(np.array([len(items)])),
        items=np.array(items, dtype=np.int32),
        times=None,
        weights=np.array(weights, dtype=np.float32),
        features=UserFeatures(np.zeros((1, 1), dtype=np.int32), np.zeros((1, numbers), dtype=np.float32)),
        now=None,
        ids=np.array([5], dtype=np.uint64),
    )


def test_popularity_counts_users_by_weight() -> None:
    training = training_of([[BUY, VIEW, 0], [VIEW, VIEW, 0], [0, BUY, VIEW]])
    expected = [BUY + VIEW, 2 * VIEW + BUY, VIEW]
    assert Popularity().counts(training).tolist() == expected
    assert DecayedPopularity().counts(training).tolist() == expected
    held = SegmentPopularity().touches(training)
    assert held.sum(axis=0).tolist() == expected


def test_late_popularity_counts_targets_whatever_was_looked_at() -> None:
    assert LatePopularity().counts(training_of([[BUY, VIEW]])).tolist() == [BUY, VIEW]  # without episodes


def test_a_neighbour_speaks_for_what_they_bought_more_than_for_what_they_saw() -> None:
    fitted = UserKNNCosine().fit(training_of([[BUY, BUY, VIEW, 0], [BUY, BUY, 0, BUY]]))
    scores = fitted.score(user_with(BUY, BUY))[0]
    near, far = 2 / np.sqrt(2 + VIEW**2), 2 / np.sqrt(3)
    np.testing.assert_allclose(scores[2:], np.array([VIEW * near, BUY * far]) / np.sqrt(2), rtol=1e-5)


def test_an_item_of_the_profile_speaks_by_its_weight() -> None:
    """Item 0 goes with item 2, item 1 with item 3."""
    fitted = ItemKNNCosine(shrink=0.0).fit(training_of([[1, 0, 1, 0], [0, 1, 0, 1]]))
    np.testing.assert_allclose(fitted.score(user_with(BUY, VIEW))[0][2:], [BUY, VIEW])


def test_a_first_visit_holds_items_by_weight() -> None:
    fitted = SameVisit(shrink=0.0).fit(training_of([[BUY, BUY], [BUY, VIEW]]))
    np.testing.assert_allclose(fitted.similar[0, 1], (1 + VIEW) / np.sqrt(2 * (1 + VIEW**2)), rtol=1e-6)


@pytest.mark.parametrize("name", PERSONAL)
def test_what_was_bought_says_more_than_what_was_seen(fit: Fit, name: str) -> None:
    """Items 0 and 1 are of two blocks: interest is with the block of the one that was bought."""
    fitted = fit(name)
    block = np.arange(fitted.n_items) % 3
    for bought, weights in ((0, (BUY, VIEW)), (1, (VIEW, BUY))):
        scores = fitted.score(user_with(*weights, numbers=1))[0].copy()
        scores[:2] = -np.inf
        best = block[np.argsort(-scores)[:6]]
        assert (best == bought).sum() > (best == 1 - bought).sum()


def test_attention_is_with_what_was_bought() -> None:
    world = training_of([[1, 0, 1, 0], [0, 1, 0, 1]] * 3)
    fitted = AttentionFilter(item_shrink=0.0).fit(world)
    items = fitted.attention(user_with(BUY, VIEW)).items.toarray()[0, :2]
    np.testing.assert_allclose(items[1] / items[0], VIEW / BUY, rtol=1e-5)
    seen = fitted.attention(user_with(VIEW, VIEW)).items.toarray()[0, :2]
    np.testing.assert_allclose(items.sum(), seen.sum(), rtol=1e-6)


def test_the_generator_is_told_the_weights_and_draws_to_what_counts() -> None:
    world = training_of([[BUY, VIEW, 0], [VIEW, BUY, 0]])
    catalogue = catalogue_of(world, 0, 0, Clock(has_hours=False, time_zone="UTC"))
    counts = np.array([BUY + VIEW, BUY + VIEW, 0]) + 1
    np.testing.assert_allclose(np.exp(catalogue.log_popularity), counts / counts.sum(), rtol=1e-6)
    conditions = conditions_of(user_with(BUY, VIEW), catalogue, Clock(has_hours=False, time_zone="UTC"))
    np.testing.assert_allclose(conditions.support_weights, [0, np.log(VIEW)], rtol=1e-6)
