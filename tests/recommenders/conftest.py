"""Fitted recommenders by the names in conf/recommender."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from tasks.config import load_component
from tasks.domain import Histories, ItemFeatures, Ragged, Training, UserFeatures, VirtualBehaviour, Warm
from tasks.recommenders import FittedRecommender
from tests.worlds import block_training

Fit = Callable[..., FittedRecommender]


def virtual_of_block(users: int, items: int, blocks: int, shift: int, weight: float = 1.0) -> VirtualBehaviour:
    """Five virtual items per user, all of block ``(user + shift) % blocks``."""
    block = (np.arange(users) + shift) % blocks
    columns = (np.arange(5)[None] * blocks + block[:, None]).astype(np.int32)
    matrix = csr_array(
        (np.full(users * 5, weight, np.float32), (np.repeat(np.arange(users), 5), columns.ravel())),
        shape=(users, items),
    )
    return VirtualBehaviour(matrix, "test", 0)


def training_of(behaviour: list[list[float]]) -> Training:
    """Warm users with these weights (U, I), nothing else known."""
    matrix = csr_array(np.array(behaviour, dtype=np.float32))
    users, items = matrix.shape
    histories = Histories(
        users=np.arange(users, dtype=np.int32),
        rows=Ragged.from_lengths(np.diff(matrix.indptr)),
        items=matrix.indices.astype(np.int32),
        times=None,
        visits=np.zeros(matrix.nnz, dtype=np.int32),
        weights=matrix.data,
        is_target=np.ones(matrix.nnz, dtype=np.bool_),
        repeat_rows=Ragged.from_lengths(np.zeros(users, dtype=np.int64)),
        repeat_items=np.zeros(0, dtype=np.int32),
    )
    warm = Warm(histories, items, pl.DataFrame({"user_id": np.arange(users)}), np.zeros(users, dtype=np.bool_), None)
    return Training(warm, UserFeatures.none(users), ItemFeatures.none(items))


def described_training(blocks: int = 3) -> Training:
    """The block world with items whose text and class tell the block, and whose number tells nothing.

    There are users enough to learn the blocks from episodes, too.
    """
    training = block_training(users=480, blocks=blocks)
    block = np.arange(training.n_items) % blocks
    text = np.eye(blocks, dtype=np.float32)[block]
    text += np.random.default_rng(0).normal(0, 0.1, text.shape).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    nothing = np.zeros((training.n_items, 1), dtype=np.float32)
    return replace(training, item_features=ItemFeatures(text, (block + 1).astype(np.int32)[:, None], nothing))


@pytest.fixture(scope="session")
def fit() -> Fit:
    """Fit a recommender of conf/recommender as it is shipped; on the described block world once per session."""
    once: dict[str, FittedRecommender] = {}

    def fit_by_name(name: str, training: Training | None = None) -> FittedRecommender:
        if training is not None:
            return load_component("recommender", name).fit(training)
        if name not in once:
            once[name] = load_component("recommender", name).fit(described_training())
        return once[name]

    return fit_by_name
