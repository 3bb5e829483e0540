import warnings
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain import NO_ITEM
from tasks.evaluation.hits import Hits
from tasks.evaluation.metrics import AccuracyMetric
from tasks.evaluation.metrics.hit_rate import HitRate
from tasks.evaluation.metrics.map import AveragePrecision
from tasks.evaluation.metrics.mrr import ReciprocalRank
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.metrics.recall import Recall
from tests.evaluation.lists import random_lists, targets_of

METRICS: dict[str, AccuracyMetric] = {
    "hit_rate": HitRate(),
    "recall": Recall(),
    "ndcg": Ndcg(),
    "mrr": ReciprocalRank(),
    "map": AveragePrecision(),
}
LISTS = st.builds(
    random_lists,
    users=st.integers(1, 12),
    items=st.integers(20, 40),
    length=st.just(20),
    seed=st.integers(0, 10_000),
    most_targets=st.integers(1, 20),
    short=st.booleans(),
)


@pytest.mark.parametrize(
    ("name", "k", "expected"),
    [
        # The list is 4, 1, 7, 2; the targets are 1, 2 and 9: hits at ranks 2 and 4.
        ("hit_rate", 1, 0.0),
        ("hit_rate", 2, 1.0),
        ("recall", 2, 1 / 3),
        ("recall", 4, 2 / 3),
        ("mrr", 1, 0.0),
        ("mrr", 4, 1 / 2),
        ("map", 4, (1 / 2 + 2 / 4) / 3),
        ("ndcg", 2, (1 / log2(3)) / (1 + 1 / log2(3))),
        ("ndcg", 4, (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / log2(4))),
    ],
)
def test_known_answers(name: str, k: int, expected: float) -> None:
    hits = Hits.of(np.array([[4, 1, 7, 2]], dtype=np.int32), targets_of([[1, 2, 9]], items=10))
    assert METRICS[name].per_user(hits, k) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("name", "expected"), [("hit_rate", 1.0), ("recall", 1 / 5), ("ndcg", 1 / (1 + 1 / log2(3))), ("map", 1 / 5)]
)
def test_strict_figures_keep_targets_outside_the_catalogue_as_misses(name: str, expected: float) -> None:
    hits = Hits.of(np.array([[3, 4]], dtype=np.int32), targets_of([[3]], items=10))
    assert METRICS[name].per_user(hits, 2) == pytest.approx([1.0])
    assert METRICS[name].per_user(hits.with_further_targets(np.array([4])), 2) == pytest.approx([expected])


@pytest.mark.parametrize("name", METRICS)
def test_a_user_without_targets_has_no_figure_until_strict_gives_them_one(name: str) -> None:
    hits = Hits.of(np.array([[3, 4]], dtype=np.int32), targets_of([[]], items=10))
    assert np.isnan(METRICS[name].per_user(hits, 2)).all()
    assert METRICS[name].per_user(hits.with_further_targets(np.array([1])), 2) == pytest.approx([0.0])


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("k", [0, 3])
def test_a_cut_beyond_the_list_is_refused(name: str, k: int) -> None:
    hits = Hits.of(np.array([[3, 4]], dtype=np.int32), targets_of([[1]], items=10))
    with pytest.raises(ValueError, match="k must be between 1 and 2"):
        METRICS[name].per_user(hits, k)


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_those_of_ranx(seed: int) -> None:
    from ranx import Qrels, Run, evaluate

    ids, targets = random_lists(users=200, items=60, length=20, seed=seed)
    known = np.flatnonzero(np.diff(targets.indptr))
    judged = Qrels({str(user): {str(item): 1 for item in targets[[user]].indices} for user in known})
    run = Run({str(user): {str(item): 20.0 - rank for rank, item in enumerate(ids[user])} for user in known})
    names = {f"{name}@{k}": (metric, k) for name, metric in METRICS.items() for k in (1, 5, 10, 20)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba on unsigned integers
        evaluate(judged, run, list(names))
    hits = Hits.of(ids, targets)
    for name, (metric, k) in names.items():
        own = metric.per_user(hits, k)
        theirs = np.array([run.scores[name][str(user)] for user in known])
        np.testing.assert_allclose(own[known], theirs, atol=1e-12, err_msg=name)
        assert np.isnan(np.delete(own, known)).all()


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=40, deadline=None)
@given(lists=LISTS, k=st.integers(1, 20))
def test_values_lie_between_0_and_1_and_are_known_for_users_with_targets_only(name: str, lists: tuple, k: int) -> None:
    ids, targets = lists
    values = METRICS[name].per_user(Hits.of(ids, targets), k)
    known = np.diff(targets.indptr) > 0
    np.testing.assert_array_equal(~np.isnan(values), known)
    assert (values[known] >= 0).all()
    assert (values[known] <= 1 + 1e-12).all()


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=25, deadline=None)
@given(lists=LISTS, k=st.integers(1, 20), seed=st.integers(0, 100))
def test_the_order_of_users_does_not_matter(name: str, lists: tuple, k: int, seed: int) -> None:
    ids, targets = lists
    order = np.random.default_rng(seed).permutation(len(ids))
    values = METRICS[name].per_user(Hits.of(ids, targets), k)
    permuted = METRICS[name].per_user(Hits.of(ids[order], targets[order]), k)
    np.testing.assert_allclose(permuted, values[order], rtol=1e-12)


@pytest.mark.parametrize("name", ["hit_rate", "recall", "mrr", "map"])  # not NDCG: its ideal list grows with k
@settings(max_examples=25, deadline=None)
@given(lists=LISTS)
def test_a_longer_list_is_never_worse(name: str, lists: tuple) -> None:
    hits = Hits.of(*lists)
    values = np.stack([METRICS[name].per_user(hits, k) for k in range(1, 21)])
    known = hits.targets > 0
    assert (np.diff(values[:, known], axis=0) >= -1e-12).all()


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=25, deadline=None)
@given(lists=LISTS, k=st.integers(2, 20))
def test_moving_a_hit_up_is_never_worse(name: str, lists: tuple, k: int) -> None:
    ids, targets = lists
    is_hit = Hits.of(ids, targets).is_hit
    sorted_ids = np.take_along_axis(ids, np.argsort(-is_hit, axis=1, kind="stable"), axis=1)
    before = METRICS[name].per_user(Hits.of(ids, targets), k)
    after = METRICS[name].per_user(Hits.of(sorted_ids, targets), k)
    known = ~np.isnan(before)
    assert (after[known] >= before[known] - 1e-12).all()


@pytest.mark.parametrize("name", METRICS)
def test_an_empty_list_scores_0(name: str) -> None:
    hits = Hits.of(np.full((1, 3), NO_ITEM, dtype=np.int32), targets_of([[9]], items=10))
    assert METRICS[name].per_user(hits, 3).tolist() == [0.0]


@pytest.mark.parametrize("name", METRICS)
def test_a_random_list_has_the_expected_hit_probability(name: str) -> None:
    ids, targets = random_lists(users=4000, items=50, length=10, seed=5)
    values = METRICS[name].per_user(Hits.of(ids, targets), 1)
    expected = np.diff(targets.indptr)[~np.isnan(values)] / 50
    if name in {"hit_rate", "mrr", "ndcg"}:
        assert np.nanmean(values) == pytest.approx(expected.mean(), abs=0.02)
