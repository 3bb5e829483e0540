"""Where the gate starts: NDCG of candidates, and how much filters count beside popularity."""

import numpy as np
import pytest

from tasks.config import load_component
from tasks.hybrid.candidates import choices_of
from tasks.hybrid.fit import FOLDS, FittedHybrid, Learned
from tasks.hybrid.gate import Choices
from tasks.hybrid.sources import FilterSource, PriorSource, Source, relative
from tasks.hybrid.start import WEIGHTS, equal_start, ndcg
from tests.worlds import block_new_users, block_training

ITEMS = 60


def one_user(scores: list[list[float]], taken: list[float], targets: int, shots: int = 1) -> Choices:
    count = len(taken)
    return Choices(
        np.array(scores, dtype=np.float32),
        np.array([0, count]),
        np.array(taken) / sum(taken),
        np.zeros(1, dtype=np.int64),
        np.array([shots]),
        np.array([targets]),
        np.zeros(1, dtype=np.uint8),
    )


def test_ndcg_by_hand() -> None:
    # Ranks 1 and 3 of the list are targets; two of three targets are candidates.
    choices = one_user([[3.0], [2.0], [1.0]], [1, 0, 1], targets=3)
    best = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert ndcg(choices.scores[:, 0], choices) == pytest.approx((1 + 1 / np.log2(4)) / best)
    assert ndcg(-choices.scores[:, 0], choices) == pytest.approx((1 + 1 / np.log2(4)) / best)
    assert ndcg(np.array([1, 3, 2], dtype=np.float32), choices) == pytest.approx(
        (1 / np.log2(3) + 1 / np.log2(4)) / best
    )


def test_what_comes_after_the_tenth_place_counts_nothing() -> None:
    scores = np.arange(12, 0, -1, dtype=np.float32)
    choices = one_user([[one] for one in scores], [0] * 10 + [1, 1], targets=2)
    assert ndcg(scores, choices) == 0.0
    assert ndcg(-scores, choices) == pytest.approx(1.0)


def test_the_best_popularity_and_the_filters_alike() -> None:
    """The first prior is right without events; with events only the filters are, where together they outweigh it."""
    names = ("good_prior", "bad_prior", "filter", "another")
    none = one_user([[1.0, 0, 0, 0], [0.0, 1, 0, 0]], [1, 0], targets=1, shots=0)
    some = one_user([[0.0, 0, 1, 0.8], [3.0, 3, 0, 0.2]], [1, 0], targets=1, shots=3)
    start = equal_start(names, [0, 1], [2, 3], Choices.joined([none, some]))
    # The filters' mean is 0.9 against 0.1, so a weight of 3 / 0.8 = 3.75 is needed; 4 is the first above.
    np.testing.assert_array_equal(start.few, [1, 0, 2.0, 2.0])
    np.testing.assert_array_equal(start.many, start.few)
    assert 4.0 in WEIGHTS


def test_filters_that_do_not_help_get_no_weight() -> None:
    some = one_user([[1.0, 0], [0.0, 1]], [1, 0], targets=1, shots=1)
    np.testing.assert_array_equal(equal_start(("prior", "filter"), [0], [1], some).many, [1, 0])


def test_without_filters_it_is_the_best_popularity() -> None:
    some = one_user([[0.0, 1], [1.0, 0]], [1, 0], targets=1, shots=1)
    np.testing.assert_array_equal(equal_start(("bad", "good"), [0, 1], [], some).many, [0, 1])


def test_not_below_its_start_out_of_fold() -> None:
    """The start is filters beside popularity; the margin is that of "not worse"."""
    training, users, folds = block_training(), 900, FOLDS
    half_b = block_new_users(users=users, seed=2)
    order = np.random.default_rng(0).random(ITEMS)
    sources: tuple[Source, ...] = (
        PriorSource("popularity", relative(order)),
        FilterSource("user_knn_cosine", load_component("recommender", "user_knn_cosine").fit(training)),
        FilterSource("item_knn_cosine", load_component("recommender", "item_knn_cosine").fit(training)),
    )

    def fold_of(asked: object) -> np.ndarray:
        return (asked.ids % folds).astype(np.uint8)  # type: ignore[attr-defined]

    learned = Learned.of(sources, [half_b], fold_of, depth=30)
    fitted = FittedHybrid(learned, 0.03, ITEMS, fold_of)
    choices = choices_of(sources, half_b, fold_of(half_b.users), depth=ITEMS)
    start = np.einsum("cm,m->c", choices.scores, learned.start().many)
    lists = fitted.crossed.top_k(half_b.users, 10, seed=0)
    row = np.arange(len(half_b.users))[:, None]
    hits = half_b.targets.toarray()[row, lists.ids] > 0
    targets = np.diff(half_b.targets.indptr)
    gains = (hits / np.log2(np.arange(10) + 2)).sum(axis=1)
    best = np.cumsum(1 / np.log2(np.arange(10) + 2))[np.minimum(targets, 10) - 1]
    assert (gains / best).mean() >= 0.98 * ndcg(start.astype(np.float32), choices)
