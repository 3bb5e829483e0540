"""Equal scores: a scorer that says nothing must score like chance, at any list length and block size."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain import NewUsers, Provenance, Ragged, UserFeatures
from tasks.recommenders import FittedRecommender, ranking


@dataclass(eq=False)
class Given(FittedRecommender):
    """Scores that the test writes down; users pick their row by id."""

    rows: np.ndarray
    provenance: Provenance

    def __post_init__(self) -> None:
        self.n_items = self.rows.shape[1]

    def score(self, users: NewUsers) -> np.ndarray:
        return self.rows[users.ids.astype(np.int64) % len(self.rows)]


def scorer(rows: np.ndarray) -> Given:
    return Given(np.asarray(rows, dtype=np.float32), Provenance.of("given", np.zeros(1, dtype=np.int32), None))


def people(users: int) -> NewUsers:
    return NewUsers(
        rows=Ragged.from_lengths(np.zeros(users, dtype=np.int64)),
        items=np.zeros(0, dtype=np.int32),
        times=None,
        weights=np.zeros(0, dtype=np.float32),
        features=UserFeatures.none(users),
        now=None,
        ids=np.arange(users, dtype=np.uint64),
    )


def test_a_constant_scorer_hits_like_chance() -> None:
    users, items, k = 6000, 40, 10
    top = scorer(np.zeros((1, items))).top_k(people(users), k)
    # Every item has the same chance of being listed, and of being listed at each place.
    listed = np.bincount(top.ids.ravel(), minlength=items) / users
    deviation = np.sqrt(k / items * (1 - k / items) / users)
    assert np.abs(listed - k / items).max() < 4.5 * deviation
    for place in (0, k - 1):
        counts = np.bincount(top.ids[:, place], minlength=items)
        chi = ((counts - users / items) ** 2 / (users / items)).sum()
        assert chi < 80  # 39 degrees of freedom: the 99.99th percentile is 79
    # And pairs of items come together like chance.
    both = (top.ids == 3).any(axis=1) & (top.ids == 4).any(axis=1)
    assert abs(both.mean() - k * (k - 1) / items / (items - 1)) < 0.012


def test_the_boundary_is_drawn_evenly() -> None:
    """Three sure places, then seven equals for two places."""
    row = np.array([5, 1, 1, 9, 1, 1, 7, 1, 0, 0, 1, 1], dtype=np.float32)
    top = scorer(row[None]).top_k(people(7000), 5)
    assert (top.ids[:, :3] == [3, 6, 0]).all()
    counts = np.bincount(top.ids[:, 3:].ravel(), minlength=12)
    tied = np.flatnonzero(row == 1)
    assert counts[tied].sum() == 14000
    assert (np.abs(counts[tied] - 2000) < 4.5 * np.sqrt(7000 * 2 / 7 * 5 / 7)).all()


def test_equals_inside_the_list_are_in_random_order() -> None:
    top = scorer(np.array([[1, 2, 2, 2, 0, 3]])).top_k(people(3000), 5)
    assert (top.ids[:, 0] == 5).all()
    assert (top.ids[:, 4] == 0).all()
    for place in (1, 2, 3):
        counts = np.bincount(top.ids[:, place], minlength=6)[1:4]
        assert (np.abs(counts - 1000) < 120).all()


def test_the_seed_decides_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted, users = scorer(np.zeros((1, 30))), people(40)
    first = fitted.top_k(users, 5, seed=1).ids
    np.testing.assert_array_equal(fitted.top_k(users, 5, seed=1).ids, first)
    assert (fitted.top_k(users, 5, seed=2).ids != first).any()
    monkeypatch.setattr(ranking, "BLOCK_USERS", 7)
    np.testing.assert_array_equal(fitted.top_k(users, 5, seed=1).ids, first)
    np.testing.assert_array_equal(fitted.top_k(users.select(np.arange(40)[::-1]), 5, seed=1).ids, first[::-1])


@settings(max_examples=60, deadline=None)
@given(
    users=st.integers(1, 6),
    items=st.integers(1, 12),
    k=st.integers(1, 14),
    levels=st.integers(1, 5),
    seed=st.integers(0, 2**31 - 1),
)
def test_lists_hold_the_best_scores(users: int, items: int, k: int, levels: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(-levels, levels, (users, items)).astype(np.float32)
    top = scorer(rows).top_k(people(users), k, seed=seed)
    listed = min(k, items)
    np.testing.assert_array_equal(top.scores[:, :listed], -np.sort(-rows, axis=1)[:, :listed])
    np.testing.assert_array_equal(np.take_along_axis(rows, top.ids[:, :listed], axis=1), top.scores[:, :listed])
    assert all(len(set(row[:listed])) == listed for row in top.ids.tolist())
    longer = scorer(rows).top_k(people(users), k + 1, seed=seed)
    np.testing.assert_array_equal(longer.ids[:, :listed], top.ids[:, :listed])


def test_ties_in_a_wide_catalogue_are_drawn_evenly() -> None:
    """Rows are cut into strips before they are sorted; strips must not show."""
    rows = np.zeros((1, 4000))
    rows[0, 100:160] = 1
    top = scorer(rows).top_k(people(9000), 20)
    counts = np.bincount(top.ids.ravel(), minlength=4000)
    assert counts[100:160].sum() == 180_000
    assert (np.abs(counts[100:160] - 3000) < 4.5 * np.sqrt(9000 / 3 * 2 / 3)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    rows = np.zeros((3, 8))
    rows[1, 4] = bad
    with pytest.raises(ValueError, match=r"finite.*position 1"):
        scorer(rows).top_k(people(3), 2)


def test_arguments_are_checked() -> None:
    fitted = scorer(np.zeros((1, 8)))
    with pytest.raises(ValueError, match="k must be at least 1"):
        fitted.top_k(people(2), 0)
    with pytest.raises(ValueError, match=r"allow must be bool \(8,\)"):
        fitted.top_k(people(2), 1, allow=np.ones(7, dtype=np.bool_))
    assert fitted.top_k(people(0), 3).ids.shape == (0, 3)


def test_wide_catalogues_get_small_blocks() -> None:
    assert ranking.block_length(12_000) == 250
    assert ranking.block_length(1_000_000) * 4_000_000 <= ranking.BLOCK_BYTES
    assert ranking.block_length(10**9) == 1
