import numpy as np
import pytest

from tasks.evaluation.bootstrap import Sample, bootstrap_means, interval, mean_of


def sample(values: np.ndarray) -> Sample:
    return Sample(np.arange(len(values)), values.astype(np.float32))


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(0).normal(5, 2, (400, 1))
    low, high = interval(bootstrap_means([sample(values)], 400, 4000, seed=1)[0])
    error = 1.96 * values.std() / 20
    assert low[0] == pytest.approx(values.mean() - error, abs=0.15 * error)
    assert high[0] == pytest.approx(values.mean() + error, abs=0.15 * error)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    values = (random.random((100, 500)) < 0.3).astype(np.float32)  # 500 experiments with 100 users
    low, high = interval(bootstrap_means([sample(values)], 100, 1000, seed=3)[0])
    assert 0.91 < ((low <= 0.3) & (high >= 0.3)).mean() < 0.97


def test_users_without_a_value_do_not_count() -> None:
    values = np.array([[1.0], [np.nan], [1.0], [np.nan]])
    means = bootstrap_means([sample(values)], 4, 200, seed=0)[0]
    assert set(np.unique(means[~np.isnan(means)])) == {1.0}
    assert [float(bound[0]) for bound in interval(means)] == [1.0, 1.0]


def test_a_column_without_any_value_has_no_interval() -> None:
    low, high = interval(bootstrap_means([sample(np.full((5, 1), np.nan))], 5, 50, seed=0)[0])
    assert np.isnan([low[0], high[0]]).all()


def test_samples_share_their_users() -> None:
    """A figure and its opposite cancel in every resample, also when their users stand in another order."""
    values = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    order = np.random.default_rng(1).permutation(50)
    samples = [Sample(np.arange(50), values), Sample(order, -values[order])]
    there, back = bootstrap_means(samples, 50, 100, seed=0)
    np.testing.assert_allclose(mean_of([there, back]), 0, atol=1e-6)


def test_the_seed_decides_and_chunks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.evaluation import bootstrap

    values = np.random.default_rng(0).normal(size=(50, 2))
    whole = bootstrap_means([sample(values)], 50, 40, seed=0)[0]
    monkeypatch.setattr(bootstrap, "_CELLS", 150)
    np.testing.assert_allclose(bootstrap_means([sample(values)], 50, 40, seed=0)[0], whole, rtol=1e-5)
    assert (bootstrap_means([sample(values)], 50, 40, seed=1)[0] != whole).any()


def test_the_mean_passes_over_what_is_missing() -> None:
    parts = [np.array([1.0, np.nan, np.nan]), np.array([3.0, 4.0, np.nan])]
    np.testing.assert_array_equal(mean_of(parts), [2.0, 4.0, np.nan])
