import dataclasses

import numpy as np
import pytest

from tasks.domain import ItemFeatures, Ragged
from tasks.features.item_vectors import item_vectors
from tests.worlds import block_training

BLOCKS = 3


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_items_of_one_block_point_the_same_way():
    vectors = unit(item_vectors(block_training(users=300), 3, seed=0))
    likeness = vectors @ vectors.T
    same = (np.arange(60)[:, None] - np.arange(60)) % BLOCKS == 0
    assert likeness[same].min() > 0.9
    assert np.abs(likeness[~same]).max() < 0.5


def test_shape_scale_and_repetition():
    first, second = (item_vectors(block_training(), 16, seed=3) for _ in range(2))
    assert first.shape == (60, 16)
    assert first.dtype == np.float32
    assert np.square(first).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)
    assert first.tobytes() == second.tobytes()


def test_more_dimensions_than_rank_are_zeros():
    vectors = item_vectors(block_training(users=12, items=30), 20, seed=0)
    assert vectors.shape == (30, 20)
    assert np.isfinite(vectors).all()
    assert not vectors[:, 12:].any()


def test_an_item_with_few_events_goes_by_its_features():
    training = block_training(users=300)
    histories = training.warm.histories
    rare = 4  # of block 1, as its class says
    kept = histories.items != rare
    thin = dataclasses.replace(
        histories,
        rows=Ragged.from_lengths(np.bincount(histories.rows.row_of_entry[kept], minlength=300)),
        **{name: getattr(histories, name)[kept] for name in ("items", "times", "visits", "weights", "is_target")},
    )
    classes = (np.arange(60) % BLOCKS + 1).astype(np.int32)[:, None]
    features = ItemFeatures(np.zeros((60, 0), np.float32), classes, np.zeros((60, 0), np.float32))
    warm = dataclasses.replace(training.warm, histories=thin)
    vectors = unit(item_vectors(dataclasses.replace(training, warm=warm, item_features=features), 3, seed=0))
    assert vectors[rare] @ vectors[1] > 0.9
    assert abs(vectors[rare] @ vectors[2]) < 0.5


def test_no_behaviour_at_all_gives_zeros():
    training = block_training(users=4)
    nothing = training.warm.histories.select(np.zeros(4, dtype=np.bool_))
    empty = dataclasses.replace(training.warm, histories=nothing)
    assert not item_vectors(dataclasses.replace(training, warm=empty), 4, seed=0).any()
