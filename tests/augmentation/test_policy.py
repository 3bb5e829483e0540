import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.augmentation.policy import Policy, choose

NOTHING = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def probabilities(*draws: list[float]) -> np.ndarray:
    """One user, one list of probabilities per draw."""
    return np.array(draws, dtype=np.float32)[:, None, :]


def kept(policy: Policy, drawn: np.ndarray, support: tuple = NOTHING, shots: int = 0) -> dict[int, float]:
    chosen = choose(policy, drawn, support, np.array([shots]))
    return {int(item): float(weight) for item, weight in zip(chosen.items[0], chosen.weights[0], strict=True) if weight}


def test_the_likeliest_items_are_kept_with_weights_that_fall_with_their_probability() -> None:
    policy = Policy(items=2, draws=1, weight=3.0, kappa=None)
    assert kept(policy, probabilities([0.1, 0.5, 0.15, 0.25])) == pytest.approx({1: 3.0, 3: 1.5})


def test_equal_weights() -> None:
    policy = Policy(items=2, draws=1, weight=3.0, kappa=None, weights="equal")
    assert kept(policy, probabilities([0.1, 0.5, 0.15, 0.25])) == pytest.approx({1: 3.0, 3: 3.0})


def test_the_mean_over_draws_decides() -> None:
    policy = Policy(items=1, draws=2, weight=1.0, kappa=None)
    assert list(kept(policy, probabilities([0.6, 0.4, 0.0], [0.0, 0.4, 0.6]))) == [1]


def test_support_items_are_never_chosen() -> None:
    policy = Policy(items=2, draws=1, kappa=None)
    assert list(kept(policy, probabilities([0.6, 0.3, 0.1]), (np.array([0]), np.array([0])))) == [1, 2]


def test_the_threshold_is_a_share_of_the_likeliest_item_outside_the_support() -> None:
    policy = Policy(items=4, draws=1, threshold=0.5, kappa=None)
    assert list(kept(policy, probabilities([0.6, 0.2, 0.11, 0.09]), (np.array([0]), np.array([0])))) == [1, 2]


def test_an_item_must_be_likely_in_as_many_draws_as_agreement_says() -> None:
    drawn = probabilities([0.9, 0.06, 0.04], [0.0, 0.6, 0.4])
    assert list(kept(Policy(items=2, draws=2, agreement=1, kappa=None), drawn.copy())) == [0, 1]
    assert list(kept(Policy(items=2, draws=2, agreement=2, kappa=None), drawn.copy())) == [1]


def test_agreement_looks_past_the_support() -> None:
    drawn = probabilities([0.5, 0.3, 0.2], [0.5, 0.3, 0.2])
    support = (np.array([0]), np.array([0]))
    assert list(kept(Policy(items=1, draws=2, agreement=2, kappa=None), drawn, support)) == [1]


def test_weight_fades_to_a_half_at_kappa_real_items() -> None:
    assert Policy(weight=2.0, kappa=5.0).fade(np.array([0, 5, 15])) == pytest.approx([2.0, 1.0, 0.5])
    assert Policy(weight=2.0, kappa=None).fade(np.array([0, 100])) == pytest.approx([2.0, 2.0])


def test_damaged_probabilities_are_refused() -> None:
    for bad in (np.nan, -0.5, np.inf):
        with pytest.raises(ValueError, match="finite and not negative"):
            choose(Policy(draws=1), probabilities([0.5, bad]), NOTHING, np.array([0]))


@pytest.mark.parametrize(
    "settings",
    [
        {"items": 0},
        {"draws": 0},
        {"agreement": 0},
        {"agreement": 5, "draws": 4},
        {"threshold": 1.5},
        {"weight": 0.0},
        {"weight": float("nan")},
        {"kappa": 0.0},
        {"weights": "square"},
    ],
)
def test_a_setting_out_of_range_is_named(settings: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Policy(**settings)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    items=st.integers(1, 30),
    draws=st.integers(1, 4),
    threshold=st.floats(0, 1),
    shots=st.integers(0, 10),
)
def test_what_is_chosen_is_outside_the_support_within_bounds_and_weighted_by_rank(
    seed: int, items: int, draws: int, threshold: float, shots: int
) -> None:
    random = np.random.default_rng(seed)
    drawn = random.dirichlet(np.full(25, 0.3), size=(draws, 6)).astype(np.float32)
    support = np.stack([random.permutation(25)[:shots] for _ in range(6)])
    policy = Policy(items=items, draws=draws, threshold=threshold, agreement=draws, kappa=4.0)
    entries = (np.repeat(np.arange(6), shots), support.ravel())
    chosen = choose(policy, drawn, entries, np.full(6, shots))
    for user in range(6):
        own = chosen.items[user][chosen.weights[user] > 0]
        assert len(own) == len(set(own)) <= items
        assert not set(own) & set(support[user])
        weights = chosen.weights[user][chosen.weights[user] > 0]
        assert (np.diff(weights) <= 0).all()
        assert (weights <= 4 / (4 + shots) + 1e-6).all()
