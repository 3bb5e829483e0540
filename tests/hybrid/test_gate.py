"""The gate: weights that find what is known to be right, smooth in the number of events, never below 0."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.hybrid.gate import MANY, Choices, Gate, fit_gate, progress

NAMES = ("noise", "truth")
START = Gate(NAMES, np.array([1.0, 0.0]), np.array([1.0, 0.0]))


def made_up_choices(users: int, weights_of: np.ndarray, seed: int = 0, shots: int | None = None) -> Choices:
    """Users who choose one of 20 candidates by a conditional logit with these weights, few and many (2, M)."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(users, 20, weights_of.shape[1]))
    known = random.integers(0, 2 * MANY, users) if shots is None else np.full(users, shots)
    part = progress(known)[:, None]
    weights = (1 - part) * weights_of[0] + part * weights_of[1]
    utility = np.einsum("ucm,um->uc", scores, weights) + random.gumbel(size=(users, 20))
    taken = (np.arange(20) == utility.argmax(axis=1)[:, None]).astype(float)
    return Choices(
        scores.reshape(-1, scores.shape[2]).astype(np.float32),
        np.arange(users + 1, dtype=np.int64) * 20,
        taken.ravel(),
        np.arange(users, dtype=np.int64),
        known.astype(np.int64),
        np.ones(users, dtype=np.int64),
        random.integers(0, 5, users).astype(np.uint8),
    )


def test_finds_the_weights_that_made_the_choices() -> None:
    truth = np.array([[0.5, 2.0], [1.5, 1.0]])
    gate = fit_gate(made_up_choices(6000, truth), START, ridge=0.0)
    np.testing.assert_allclose([gate.few, gate.many], truth, atol=0.15)


def test_what_would_want_a_negative_weight_gets_none() -> None:
    gate = fit_gate(made_up_choices(2000, np.array([[-1.0, 1.0], [-1.0, 1.0]])), START, ridge=0.0)
    assert gate.few[0] == 0
    assert gate.many[0] == 0
    assert gate.few[1] > 0.5


def test_a_strong_ridge_leaves_the_starting_score_alone() -> None:
    gate = fit_gate(made_up_choices(300, np.array([[0.0, 2.0], [0.0, 2.0]])), START, ridge=1e4)
    np.testing.assert_allclose(gate.few, [1, 0], atol=1e-2)
    np.testing.assert_allclose(gate.many, [1, 0], atol=1e-2)


def test_the_scale_of_a_score_does_not_matter() -> None:
    choices = made_up_choices(500, np.array([[1.0, 1.0], [1.0, 1.0]]))
    stretched = replace(choices, scores=choices.scores * np.float32([1, 100]))
    gate, other = fit_gate(choices, START, 0.01), fit_gate(stretched, START, 0.01)
    np.testing.assert_allclose(other.few * [1, 100], gate.few, rtol=1e-2, atol=1e-3)


def test_only_the_chosen_users_teach() -> None:
    choices = made_up_choices(400, np.array([[0.0, 2.0], [0.0, 2.0]]))
    some = choices.select(choices.fold != 2)
    assert len(some.shots) == (choices.fold != 2).sum()
    np.testing.assert_array_equal(np.diff(some.starts), 20)
    parts = [choices.select(choices.fold == fold) for fold in range(5)]
    joined = Choices.joined(parts)
    assert joined.scores.shape == choices.scores.shape
    assert joined.taken.sum() == choices.taken.sum()


def test_nobody_to_learn_from_is_said() -> None:
    nobody = made_up_choices(5, np.ones((2, 2))).select(np.zeros(5, dtype=np.bool_))
    with pytest.raises(ValueError, match="there is none"):
        fit_gate(nobody, START, 0.1)


@pytest.mark.parametrize("weights", [np.array([1.0]), np.array([1.0, -0.1]), np.array([1.0, np.nan])])
def test_weights_are_checked(weights: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite weights"):
        Gate(NAMES, weights, np.ones(2))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
def test_weights_lie_between_few_and_many_and_move_one_way(shots: list[int]) -> None:
    gate = Gate(NAMES, np.array([1.0, 0.0]), np.array([0.0, 3.0]))
    weights = gate.at(np.sort(np.array(shots)))
    assert ((weights >= 0) & (weights <= [1, 3])).all()
    assert (np.diff(weights[:, 0]) <= 0).all()
    assert (np.diff(weights[:, 1]) >= 0).all()
    np.testing.assert_array_equal(gate.at(np.array([0, MANY, 10 * MANY])), np.float32([[1, 0], [0, 3], [0, 3]]))
