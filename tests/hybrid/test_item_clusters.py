"""Items in clusters: every item is somewhere, and what lies far out in a direction is found."""

import numpy as np
import pytest

from lightning_modules.build import build
from lightning_modules.networks.conditional import Conditional
from tasks.hybrid.wide.expectation import WideConditional
from tasks.hybrid.wide.item_clusters import ItemClusters
from tasks.hybrid.wide.settings import WideSettings
from tasks.training.catalogue import catalogue_of
from tasks.training.clock import Clock
from tasks.training.episodes import conditions_of
from tasks.training.online_conditional import OnlineConditional
from tests.worlds import block_new_users, block_training

CLOCK = Clock(has_hours=False, time_zone="UTC")


def clustered(items: int = 3000, centres: int = 30, dimensions: int = 12, spread: float = 0.2) -> np.ndarray:
    random = np.random.default_rng(0)
    middle = random.normal(size=(centres, dimensions))
    own = random.integers(0, centres, items)
    return (middle[own] + spread * random.normal(size=(items, dimensions))).astype(np.float32)


def best(
    clusters: ItemClusters, direction: np.ndarray, probes: int, enough: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shift = np.zeros(1, dtype=np.float32)
    return clusters.best(direction[None], *clusters.spread(direction[None]), shift, probes, enough)


def test_every_item_is_in_one_cluster() -> None:
    vectors = clustered()
    clusters = ItemClusters.of(vectors, 40)
    assert np.array_equal(np.sort(clusters.items), np.arange(3000))
    assert np.array_equal(clusters.items[clusters.place], np.arange(3000))
    assert np.array_equal(clusters.table, vectors[clusters.items])
    assert clusters.sizes.min() >= 1
    assert clusters.sizes.sum() == 3000
    assert len(clusters) <= 40


def test_products_and_moments_are_those_of_the_vectors() -> None:
    vectors = clustered()
    clusters, directions = ItemClusters.of(vectors, 20), vectors[:3]
    some = np.array([7, 2999, 0])
    assert clusters.at(directions, some) == pytest.approx(vectors[some] @ directions.T, rel=1e-5, abs=1e-5)
    mean, _ = clusters.spread(directions)
    members = clusters.items[clusters.starts[4] : clusters.starts[5]]
    assert mean[:, 4] == pytest.approx((directions @ vectors[members].T).mean(axis=1), rel=1e-4, abs=1e-4)


def test_variances_are_those_of_independent_dimensions() -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(4000, 6)).astype(np.float32)
    clusters, direction = ItemClusters.of(vectors, 1), random.normal(size=(1, 6)).astype(np.float32)
    _, variance = clusters.spread(direction)
    assert variance[0, 0] == pytest.approx((direction @ vectors.T).var(), rel=0.1)


def test_the_best_items_are_found_in_few_clusters() -> None:
    vectors = clustered(spread=0.1)
    clusters = ItemClusters.of(vectors, 60)
    for direction in vectors[:20]:
        probed, items, products = best(clusters, direction, probes=8, enough=3000)
        assert clusters.sizes[probed].sum() == len(items) < len(vectors) / 3
        assert products == pytest.approx(vectors[items] @ direction[:, None], rel=1e-5, abs=1e-5)
        assert set(np.argsort(-(vectors @ direction))[:20]) <= set(items.tolist())


def test_nothing_more_is_looked_into_once_enough_better_items_are_found() -> None:
    vectors = clustered(spread=0.1)
    clusters = ItemClusters.of(vectors, 60)
    for direction in vectors[:20]:
        _, few, _ = best(clusters, direction, probes=40, enough=10)
        _, many, _ = best(clusters, direction, probes=40, enough=3000)
        assert len(few) < len(many) / 2
        assert set(np.argsort(-(vectors @ direction))[:10]) <= set(few.tolist())


def test_directions_are_compared_after_their_shift() -> None:
    vectors = clustered(spread=0.1)
    clusters, directions = ItemClusters.of(vectors, 60), np.stack([vectors[0], 100 * vectors[1]])
    best_of_both = [set(np.argsort(-(vectors @ one))[:10]) for one in directions]
    shift = (vectors @ directions.T).max(axis=0)
    _, items, _ = clusters.best(directions, *clusters.spread(directions), shift, 40, 60)
    assert best_of_both[0] | best_of_both[1] <= set(items.tolist())


def test_as_many_items_are_looked_into_however_unequal_the_clusters_are() -> None:
    random = np.random.default_rng(2)
    far = random.normal(size=(40, 8)) * 20  # each a cluster of its own
    vectors = np.concatenate([random.normal(size=(2960, 8)), far]).astype(np.float32)
    clusters = ItemClusters.of(vectors, 50)
    assert clusters.sizes.max() > 20 * clusters.sizes.min()
    for direction in vectors[-5:]:
        _, items, _ = best(clusters, direction, probes=5, enough=3000)
        assert len(items) >= 5 * 3000 / len(clusters)
        assert (vectors @ direction).argmax() in items


def test_more_clusters_than_items_and_more_probes_than_clusters() -> None:
    vectors = clustered(items=5)
    clusters = ItemClusters.of(vectors, 50)
    _, items, _ = best(clusters, vectors[0], probes=50, enough=5)
    assert np.array_equal(np.sort(items), np.arange(5))


@pytest.mark.parametrize("learn_items", [False, True])
def test_with_every_cluster_the_expectation_is_that_of_every_item(learn_items: bool) -> None:
    training, posed = block_training(items=300), block_new_users(users=6, items=300, shots=3)
    network = Conditional(item_dimensions=16, width=24, noise_dimensions=4, learn_items=learn_items)
    module, _ = build(network, catalogue_of(training, 16, 0, CLOCK), seed=0)
    module.eval()
    if learn_items:
        assert module.item_bias is not None
        module.item_bias.data.normal_()
    conditions = conditions_of(posed.users, catalogue_of(training, 16, 0, CLOCK), CLOCK)
    online = OnlineConditional(module, 8)
    exact = online.expected(conditions, posed.users.ids, draws=3, seed=5)
    clusters = ItemClusters.of(online.vectors, 10)
    everywhere = np.arange(300, dtype=np.int32)
    whole = WideConditional(online, clusters, WideSettings(probes=10, depth=300))
    for row, one in enumerate(whole.expected(conditions, posed.users.ids, draws=3, seed=5)):
        assert np.array_equal(np.sort(one.items), everywhere)
        assert one.at(everywhere) == pytest.approx(exact[row], rel=1e-4, abs=1e-8)
        assert one.probabilities == pytest.approx(exact[row][one.items], rel=1e-4, abs=1e-8)
    few = WideConditional(online, clusters, WideSettings(probes=3, depth=300))
    for row, one in enumerate(few.expected(conditions, posed.users.ids, draws=3, seed=5)):
        assert len(one.items) < 300
        assert one.at(everywhere) == pytest.approx(exact[row], rel=0.1, abs=1e-8)
        own = posed.users.items[3 * row : 3 * row + 3]
        assert (one.at(own) == 0).all()
