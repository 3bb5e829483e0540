"""Folding in by hand, beside implicit's own solver, and as the minimum of the objective."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from implicit.cpu.als import AlternatingLeastSquares  # codespell:ignore als
from scipy.sparse import csr_array, csr_matrix, random_array

from tasks.recommenders.fold_in import ExactFoldIn, weights_at
from tasks.recommenders.ials import IALS
from tests.recommenders.conftest import virtual_of_block
from tests.worlds import block_new_users, block_training


def profiles_of(users: int, items: int, density: float, seed: int) -> csr_array:
    matrix = csr_array(random_array((users, items), density=density, rng=np.random.default_rng(seed), dtype=np.float32))
    matrix.data += 0.2
    matrix.sort_indices()
    return matrix


def test_one_factor_by_hand() -> None:
    """y = (1, 2), λ = 1, α = 2; the profile holds item 1: A = 1 + 4 + 1 + (2 - 1) · 4 = 10, b = 2 · 2, x = 0.4."""
    fold_in = ExactFoldIn(np.array([[1.0], [2.0]]), regularization=1.0, alpha=2.0)
    factors = fold_in.factors(csr_array(np.array([[0, 1], [0, 0]], dtype=np.float32)))
    np.testing.assert_allclose(factors, [[0.4], [0.0]])
    np.testing.assert_allclose(fold_in.scores(factors), [[0.4, 0.8], [0, 0]], rtol=1e-6)


def test_a_prior_by_hand() -> None:
    """The same with x₀ = 0.25: what item 1 adds is 2 · 2 · (1 - 0.25 · 2) / 10 = 0.2; without items x₀ stands."""
    fold_in = ExactFoldIn(np.array([[1.0], [2.0]]), regularization=1.0, alpha=2.0)
    profiles = csr_array(np.array([[0, 1], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(fold_in.factors(profiles, np.full((2, 1), 0.25)), [[0.45], [0.25]])


@pytest.mark.parametrize("density", [0.03, 0.4])
def test_against_implicit(density: float) -> None:
    """Profiles shorter and longer than the factors."""
    model = AlternatingLeastSquares(factors=8, regularization=3.0, alpha=5.0, random_state=0, num_threads=1)
    model.fit(csr_matrix(profiles_of(200, 60, 0.2, seed=0)), show_progress=False)
    profiles = profiles_of(40, 60, density, seed=1)
    expected = model.recalculate_user(np.arange(40), csr_matrix(profiles))
    found = ExactFoldIn(model.item_factors, regularization=3.0, alpha=5.0).factors(profiles)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    density=st.sampled_from([0.05, 0.2, 0.7]),
    alpha=st.sampled_from([0.3, 1.0, 40.0]),
    with_prior=st.booleans(),
)
def test_the_gradient_vanishes(seed: int, density: float, alpha: float, with_prior: bool) -> None:
    """Σ_profile c (1 - x·y) y + Σ_others (x₀·y - x·y) y = λ (x - x₀)."""
    random = np.random.default_rng(seed)
    items, profiles = random.normal(size=(30, 6)), profiles_of(5, 30, density, seed)
    prior = random.normal(size=(5, 6)) if with_prior else np.zeros((5, 6))
    found = ExactFoldIn(items, 0.7, alpha).factors(profiles, prior if with_prior else None)
    weights = profiles.toarray().astype(np.float64)
    expected = np.where(weights > 0, 1, prior @ items.T)
    pull = np.where(weights > 0, alpha * weights, 1) * (expected - found @ items.T)
    np.testing.assert_allclose(pull @ items, 0.7 * (found - prior), atol=1e-8)


def test_contributions_add_up() -> None:
    fold_in = ExactFoldIn(np.random.default_rng(0).normal(size=(30, 6)), 1.0, 4.0)
    real, virtual = profiles_of(9, 30, 0.1, seed=1), profiles_of(9, 30, 0.2, seed=2)
    whole = csr_array(real + virtual)
    whole.sort_indices()
    parts = [weights_at(part, whole) for part in (real, virtual)]
    np.testing.assert_allclose(parts[0] + parts[1], whole.data, rtol=1e-6)
    found = sum(fold_in.factors(whole, carried=part) for part in parts)
    np.testing.assert_allclose(found, fold_in.factors(whole), atol=1e-6)


def test_a_user_alone_is_solved_to_the_same_bits() -> None:
    fold_in, profiles = (
        ExactFoldIn(np.random.default_rng(0).normal(size=(50, 7)), 1.0, 4.0),
        profiles_of(30, 50, 0.15, 3),
    )
    together = fold_in.factors(profiles)
    for user in range(30):
        alone = csr_array(profiles[[user]])
        np.testing.assert_array_equal(fold_in.factors(alone)[0], together[user])
        np.testing.assert_array_equal(fold_in.alone(alone.indices, alone.data), together[user])
    assert not fold_in.alone(alone.indices[:0], alone.data[:0]).any()


def test_long_profiles_are_solved_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    fold_in, profiles = (
        ExactFoldIn(np.random.default_rng(0).normal(size=(50, 7)), 1.0, 4.0),
        profiles_of(30, 50, 0.15, 3),
    )
    expected = fold_in.factors(profiles)
    monkeypatch.setattr("tasks.recommenders.fold_in._CELLS", 10)
    np.testing.assert_array_equal(fold_in.factors(profiles), expected)


def test_fitting_is_quiet_and_hangs_on_the_seed_alone() -> None:
    training = block_training().with_virtual_rows(virtual_of_block(12, 60, 3, shift=0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        users, items = IALS(factors=5).factorise(training)
    assert users.shape == (120, 5)
    assert items.shape == (60, 5)
    np.testing.assert_array_equal(IALS(factors=5).factorise(training)[1], items)
    assert not np.array_equal(IALS(factors=5, seed=1).factorise(training)[1], items)


def test_new_users_are_served_like_warm_ones() -> None:
    """Folding in a warm user's own history gives what the fit converged to."""
    training = block_training()
    chosen = IALS(factors=4, iterations=100)
    users, _ = chosen.factorise(training)
    fitted = chosen.fit(training)
    folded = ExactFoldIn(fitted.item_factors, chosen.regularization, chosen.alpha).factors(training.behaviour())
    np.testing.assert_allclose(folded @ fitted.item_factors.T, users @ fitted.item_factors.T, atol=2e-3)


def test_a_virtual_item_counts_by_its_weight() -> None:
    fitted, users = IALS().fit(block_training()), block_new_users(shots=1).users
    scores = [
        fitted.interest(users.with_virtual(virtual_of_block(30, 60, 3, shift=1, weight=weight))).total[0, 1::3].mean()
        for weight in (0.1, 0.5, 2.0)
    ]
    assert scores == sorted(scores)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"factors": 0}, "factors and iterations must be at least 1, got 0 and 15"),
        ({"iterations": 0}, "factors and iterations"),
        ({"regularization": 0.0}, "regularization and alpha must be above 0, got 0.0 and 10.0"),
        ({"alpha": float("inf")}, "regularization and alpha"),
    ],
)
def test_settings_are_checked(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IALS(**wrong)
