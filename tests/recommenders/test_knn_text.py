"""Similarities of descriptions beside scikit-learn and by hand."""

import logging

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from tasks.domain import ItemFeatures
from tasks.recommenders.knn_text import KNNText
from tasks.recommenders.popularity import Popularity
from tests.recommenders.conftest import described_training
from tests.worlds import block_new_users, block_training

CONTENT = {"category_weight": 0.0, "price_width": 0.0, "popularity_power": 0.0}


def described(items: int, seed: int = 0) -> ItemFeatures:
    random = np.random.default_rng(seed)
    text = random.normal(size=(items, 5)).astype(np.float32)
    text[3] = 0  # an item without text
    return ItemFeatures(
        text,
        random.integers(0, 3, size=(items, 2)).astype(np.int32),
        random.normal(size=(items, 1)).astype(np.float32),
    )


def without_diagonal(matrix: np.ndarray) -> np.ndarray:
    return np.maximum(matrix * (1 - np.eye(len(matrix))), 0)


def test_texts_against_scikit_learn() -> None:
    features = described(30)
    found = KNNText(neighbours=30, **CONTENT).similar(features, np.ones(30)).toarray()
    np.testing.assert_allclose(found, without_diagonal(cosine_similarity(features.text)), atol=1e-6)
    assert (found[3] == 0).all()


def test_classes_prices_and_popularity_by_the_formula() -> None:
    features, counts = described(30), np.arange(30.0)
    settings = KNNText(neighbours=30, category_weight=0.4, price_width=1.5, popularity_power=0.5)
    expected = cosine_similarity(features.text)
    for codes in features.categories.T:
        expected += 0.4 * ((codes[:, None] == codes) & (codes > 0))
    price = features.numbers[:, 0]
    expected *= np.exp(-((price[:, None] - price) ** 2) / (2 * 1.5**2)) * np.sqrt(counts / 29)
    found = settings.similar(features, counts).toarray()
    np.testing.assert_allclose(found, without_diagonal(expected), atol=1e-6)


def test_two_shared_classes_by_hand() -> None:
    """Without text: items 0 and 1 share both classes, 0 and 2 one; unknown classes (0) are not shared."""
    codes = np.array([[1, 1], [1, 1], [1, 0], [2, 0]], dtype=np.int32)
    features = ItemFeatures(np.zeros((4, 0), dtype=np.float32), codes, np.zeros((4, 0), dtype=np.float32))
    settings = KNNText(category_weight=0.5, price_width=0.0, popularity_power=0.0)
    found = settings.similar(features, np.ones(4)).toarray()
    np.testing.assert_array_equal(found, [[0, 1, 0.5, 0], [1, 0, 0.5, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]])


def test_keeps_the_nearest_in_blocks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    features, counts = described(50), np.arange(1.0, 51.0)
    whole = KNNText(neighbours=50).similar(features, counts).toarray()
    found = KNNText(neighbours=6).similar(features, counts)
    best = -np.sort(-whole, axis=1)[:, :6]
    np.testing.assert_allclose(-np.sort(-found.toarray(), axis=1)[:, :6], best, atol=1e-7)
    assert np.diff(found.indptr).max() <= 6
    assert found.has_sorted_indices
    monkeypatch.setattr("tasks.recommenders.knn_text._BLOCK_CELLS", 7 * 50)
    np.testing.assert_allclose(KNNText(neighbours=6).similar(features, counts).toarray(), found.toarray(), atol=1e-7)


def test_interest_is_the_sum_over_the_profile() -> None:
    training, users = described_training(), block_new_users().users
    fitted = KNNText().fit(training)
    expected = users.support(60).toarray() @ fitted.similar.toarray()
    np.testing.assert_allclose(fitted.interest(users).total.toarray(), expected, rtol=1e-5)


def test_without_descriptions_the_fallback_answers(caplog: pytest.LogCaptureFixture) -> None:
    training, users = block_training(), block_new_users().users
    with caplog.at_level(logging.WARNING):
        fitted = KNNText().fit(training)
    assert "neither text nor classes" in caplog.text
    np.testing.assert_array_equal(fitted.top_k(users, 9).ids, Popularity().fit(training).top_k(users, 9).ids)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"neighbours": 0}, "neighbours must be at least 1, got 0"),
        ({"category_weight": -1.0}, "category_weight must be at least 0, got -1.0"),
        ({"price_width": float("nan")}, "price_width must be at least 0"),
        ({"popularity_power": float("inf")}, "popularity_power must be at least 0"),
    ],
)
def test_settings_are_checked(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KNNText(**wrong)
