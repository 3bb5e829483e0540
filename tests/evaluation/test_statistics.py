import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.evaluation import statistics
from tasks.evaluation.statistics import (
    Gain,
    difference,
    holm,
    mean_interval,
    not_worse,
    paired_permutation,
    paired_permutations,
    ratio_of_means,
    relative_gain,
    resampled_means,
)

small = st.lists(st.floats(-1, 1, allow_nan=False, width=32), min_size=1, max_size=12)
p_values = st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=12)


def exact_p(differences: list[float]) -> float:
    """Share of all 2^U ways to turn the signs whose sum lies as far out as the observed one."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=len(differences))))
    sums = np.abs(signs @ np.array(differences))
    return float((sums >= abs(sum(differences)) - 1e-12).mean())


@pytest.mark.parametrize(
    ("differences", "exact"),
    [
        ([1.0, 1.0, 1.0, 1.0, 1.0], 2 / 32),  # only all signs alike are as far out
        ([3.0, 2.0, 1.0], 2 / 8),
        ([3.0, 2.0, -1.0], 4 / 8),  # sums of 4 and 6, in both directions
        ([1.0, -1.0], 1.0),
        ([0.0, 0.0, 0.0], 1.0),
    ],
)
def test_a_test_of_few_users_is_that_of_all_sign_flips(differences: list[float], exact: float) -> None:
    assert exact_p(differences) == exact
    assert paired_permutation(np.array(differences), 40_000, seed=1) == pytest.approx(exact, abs=0.01)


def test_the_p_value_is_never_zero() -> None:
    assert paired_permutation(np.ones(100), 999, seed=0) == 1 / 1000


def test_scipy_agrees() -> None:
    """Twelve users, for whom scipy goes through all 4,096 ways."""
    random = np.random.default_rng(3)
    for shift in (0.0, 0.3, 1.0):
        ours, reference = random.exponential(size=12) + shift, random.exponential(size=12)
        oracle = stats.permutation_test(
            (ours, reference),
            lambda one, other, axis: (one - other).mean(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
        )
        error = 4 * np.sqrt(oracle.pvalue * (1 - oracle.pvalue) / 40_000)
        assert paired_permutation(ours - reference, 40_000, seed=0) == pytest.approx(oracle.pvalue, abs=error)


def test_a_null_is_rejected_as_often_as_the_level_says() -> None:
    """400 experiments of 60 users without any effect, skewed and heavy with ties as NDCG is."""
    random = np.random.default_rng(5)
    figures = random.exponential(size=(2, 60, 400)) * (random.random((2, 60, 400)) < 0.4)
    p = paired_permutations(figures[0] - figures[1], 2_000, seed=6)
    low, high = stats.binom.ppf([0.001, 0.999], 400, 0.05)
    assert low <= (p <= 0.05).sum() <= high
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_an_effect_is_found() -> None:
    random = np.random.default_rng(7)
    p = paired_permutations(random.normal(0.5, 1, (60, 200)), 2_000, seed=8)
    assert (p <= 0.05).mean() > 0.9  # a t-test has a power of .97 here


@given(small)
def test_signs_and_users_without_a_figure_do_not_matter(differences: list[float]) -> None:
    values = np.array(differences)
    p = paired_permutation(values, 200, seed=0)
    assert 1 / 201 <= p <= 1
    assert paired_permutation(-values, 200, seed=0) == p
    unknown = np.concatenate([values, np.full(3, np.nan)])
    zeros = np.concatenate([values, np.zeros(3)])
    assert paired_permutation(unknown, 200, seed=0) == paired_permutation(zeros, 200, seed=0)


def test_without_any_difference_there_is_no_p_value() -> None:
    assert np.isnan(paired_permutation(np.full(4, np.nan)))


def test_columns_share_their_draws() -> None:
    differences = np.random.default_rng(0).normal(size=(30, 3))
    together = paired_permutations(differences, 500, seed=4)
    assert [paired_permutation(column, 500, seed=4) for column in differences.T] == list(together)


def test_holm_by_hand() -> None:
    # Sorted .01 .02 .03 .04 times 4 3 2 1 is .04 .06 .06 .04; each at least the one before.
    np.testing.assert_allclose(holm([0.03, 0.01, 0.04, 0.02]), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.01, np.nan, 0.03]), [0.02, np.nan, 0.03])
    assert holm([]).shape == (0,)


@given(p_values)
def test_holm_keeps_order_and_lies_between_p_and_bonferroni(p: list[float]) -> None:
    adjusted, given_p = holm(p), np.array(p)
    assert (adjusted >= given_p).all()
    assert (adjusted <= np.minimum(given_p * len(p), 1) + 1e-12).all()
    order = np.argsort(given_p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_a_family_of_nulls_is_rejected_at_most_as_often_as_the_level_says() -> None:
    families = np.random.default_rng(1).random((2_000, 8))
    wrong = sum(bool((holm(family) <= 0.05).any()) for family in families)
    assert wrong <= stats.binom.ppf(0.999, 2_000, 0.05)


def test_intervals_of_means_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    values = random.exponential(0.3, (150, 400))
    values[random.random(values.shape) < 0.2] = np.nan
    low, high = np.quantile(resampled_means(values, 2_000, seed=3), [0.025, 0.975], axis=0)
    assert 0.90 < ((low <= 0.3) & (high >= 0.3)).mean() < 0.98


def test_an_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    error = 1.96 * values.std() / 20
    assert mean_interval(values, seed=1) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.02)
    assert mean_interval(np.array([2.0, np.nan, 2.0])) == (2.0, 2.0)


def test_a_gain_is_a_ratio_of_means_over_users_then_shots() -> None:
    """Means per column 2, 4 and 1, 2: (2 + 4) / (1 + 2) − 1; never a mean of the users' own ratios."""
    ours, reference = np.array([[1.0, 6.0], [3.0, 2.0]]), np.array([[2.0, 1.0], [0.0, 3.0]])
    assert relative_gain(ours, reference, 100).value == pytest.approx(1.0)


def test_users_and_shots_without_figures_are_passed_over() -> None:
    ours = np.array([[2.0, np.nan, np.nan], [4.0, 9.0, np.nan]])
    reference = np.array([[1.0, 5.0, np.nan], [np.nan, 6.0, np.nan]])
    # Known to both: 2 against 1, and 9 against 6.
    assert relative_gain(ours, reference, 100).value == pytest.approx((2 + 9) / (1 + 6) - 1)
    assert np.isnan(relative_gain(ours[:, 2], reference[:, 2], 10).value)


def test_a_gain_that_all_users_share_has_no_spread() -> None:
    reference = np.random.default_rng(0).random((50, 3))
    gain = relative_gain(1.1 * reference, reference, 500)
    assert [gain.value, gain.low, gain.high] == pytest.approx([0.1, 0.1, 0.1])


def test_intervals_of_gains_cover_the_truth_as_often_as_they_say() -> None:
    random, covered = np.random.default_rng(9), 0
    for seed in range(200):
        taste = random.gamma(2.0, 0.05, (120, 1))  # users differ, alike at every number of shots
        reference = taste * random.uniform(0, 2, (120, 2))
        gain = relative_gain(1.2 * taste * random.uniform(0, 2, (120, 2)), reference, 400, seed)
        covered += gain.low <= 0.2 <= gain.high
    assert 0.90 < covered / 200 < 0.985


def test_a_difference_is_paired() -> None:
    reference = np.random.default_rng(0).random(40)
    apart = difference(reference + 0.25, reference, 200)
    assert [apart.value, apart.low, apart.high] == pytest.approx([0.25] * 3)
    assert isinstance(apart, Gain)


@pytest.mark.parametrize(("lost", "expected"), [(0.0, True), (0.019, True), (0.021, False), (0.5, False)])
def test_not_worse_is_above_two_hundredths_of_the_reference(lost: float, expected: bool) -> None:
    reference = np.full(40, 0.5)
    assert not_worse((1 - lost) * reference, reference, resamples=100) is expected


def test_not_worse_asks_for_the_lower_bound() -> None:
    """A mean that is even is not enough where users differ much."""
    apart = np.tile([0.3, -0.3], 20)
    assert not not_worse(0.5 + apart, np.full(40, 0.5), resamples=500)


def test_figures_of_other_users_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 1\) and \(2, 1\)"):
        relative_gain(np.ones(3), np.ones(2))


def test_ratios_keep_leading_axes() -> None:
    np.testing.assert_allclose(ratio_of_means(np.full((5, 2), 3.0), np.full((5, 2), 2.0)), np.full(5, 0.5))


def test_the_seed_decides_and_all_resamples_are_drawn_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(0.2, 1, size=(50, 2))
    whole, means = paired_permutations(values, 4_000, seed=0), resampled_means(values, 70, seed=0)
    assert (resampled_means(values, 70, seed=0) == means).all()
    assert (resampled_means(values, 70, seed=1) != means).any()
    monkeypatch.setattr(statistics, "_CELLS", 50 * 30)
    in_chunks = resampled_means(values, 70, seed=0)
    assert len(np.unique(in_chunks, axis=0)) == 70
    np.testing.assert_allclose(paired_permutations(values, 4_000, seed=0), whole, atol=0.03)


def test_the_users_of_a_large_shop_need_little_memory() -> None:
    values = np.random.default_rng(0).random((5_655, 2))
    tracemalloc.start()
    paired_permutations(values - 0.5, 10_000)
    relative_gain(values, values[:, ::-1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6
