"""The largest entries of wide rows, against a full sort."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.recommenders.selection import largest


@settings(max_examples=60, deadline=None)
@given(
    columns=st.integers(1, 3000),
    k=st.integers(1, 25),
    levels=st.sampled_from([1, 2, 50, 10**6]),
    masked=st.sampled_from([0.0, 0.5, 0.999, 1.0]),
    seed=st.integers(0, 10**6),
)
def test_against_a_full_sort(columns: int, k: int, levels: int, masked: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(-levels, levels, (4, columns)).astype(np.float32)
    scores[random.random(scores.shape) < masked] = -np.inf
    k = min(k, columns)
    values, order = np.empty((4, k), dtype=np.float32), np.empty((4, k), dtype=np.int64)
    largest(scores, values, order)
    np.testing.assert_array_equal(values, -np.sort(-scores, axis=1)[:, :k])
    np.testing.assert_array_equal(np.take_along_axis(scores, order, axis=1), values)
    assert all(len(set(row)) == k for row in order.tolist())


def test_what_is_not_a_number_is_not_lost() -> None:
    scores = np.zeros((2, 5000), dtype=np.float32)
    scores[1, 4321] = np.nan
    values, order = np.empty((2, 3), dtype=np.float32), np.empty((2, 3), dtype=np.int64)
    largest(scores, values, order)
    assert np.isnan(values[1, 0])
    assert order[1, 0] == 4321
    assert not np.isnan(values[0]).any()
