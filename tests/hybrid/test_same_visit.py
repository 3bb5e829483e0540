"""Similarity over visits, against a computation by hand."""

from dataclasses import replace

import numpy as np

from tasks.domain import Histories, Ragged, Training
from tasks.hybrid.same_visit import SameVisit
from tests.worlds import DAY, block_training


def two_users() -> Training:
    """User 0: items 0 and 1, later 2. User 1: items 0, 1 and 2 at once."""
    training, items = block_training(), np.array([0, 1, 2, 0, 1, 2], dtype=np.int32)
    histories = Histories(
        users=np.arange(2, dtype=np.int32),
        rows=Ragged.from_lengths(np.array([3, 3])),
        items=items,
        times=np.full(6, DAY, dtype=np.int64),
        visits=np.array([0, 0, 1, 0, 0, 0], dtype=np.int32),
        weights=np.ones(6, dtype=np.float32),
        is_target=np.ones(6, dtype=np.bool_),
        repeat_rows=Ragged.from_lengths(np.zeros(2, dtype=np.int64)),
        repeat_items=np.zeros(0, dtype=np.int32),
    )
    return replace(training, warm=replace(training.warm, histories=histories, n_items=4))


def test_items_are_compared_by_visits() -> None:
    similar = SameVisit(shrink=0.0).fit(two_users()).similar.toarray()
    # 0 and 1 share both their visits; 0 and 2 share one of two each.
    expected = np.array([[0, 1, 0.5, 0], [1, 0, 0.5, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(similar, expected, rtol=1e-6)


def test_shrinking_damps_what_rests_on_little() -> None:
    similar = SameVisit(shrink=2.0).fit(two_users()).similar.toarray()
    np.testing.assert_allclose(similar[0, 1], 2 / (2 + 2), rtol=1e-6)
    np.testing.assert_allclose(similar[0, 2], 1 / (2 + 2), rtol=1e-6)
