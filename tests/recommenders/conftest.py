"""Fitted recommenders by the names in conf/recommender."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.config import load_component
from tasks.domain import VirtualBehaviour
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


@pytest.fixture(scope="session")
def fit() -> Fit:
    """Fit a recommender of conf/recommender on a block world."""

    def fit_by_name(name: str, training=None) -> FittedRecommender:  # type: ignore[no-untyped-def]
        return load_component("recommender", name).fit(block_training() if training is None else training)

    return fit_by_name
