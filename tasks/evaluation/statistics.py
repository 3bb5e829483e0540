"""What may be claimed from users' figures: permutation tests, Holm's correction, intervals of means and gains.

Users are the sample. Everything takes one row per user, in float64, so that another machine's order of summation
does not show in what is printed. ``nan`` stands where a user has no figure.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.compiled import njit
from tasks.evaluation.bootstrap import interval

RESAMPLES = 10_000
"""Resamples behind every test and interval that is reported."""
_CELLS = 2_000_000
"""Random numbers held at a time."""
_SLACK = 1e-9
"""Sums of the same numbers in another order count as equal."""

Floats = NDArray[np.floating]

_compiled: Any = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Gain:
    """A comparison of two methods, with its 95 % interval over users.

    Attributes:
        value: For relative gains 0.1 is 10 % better; for differences it is in the figure's own unit.
        low: Lower bound.
        high: Upper bound.

    """

    value: float
    low: float
    high: float


def paired_permutations(differences: Floats, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Two-sided p-values of paired differences, against the hypothesis that their signs are tosses of a coin.

    Fisher's randomisation of signs (Fisher, 1935, chapter 3), drawn at random: p = (1 + extreme) / (1 + B), where
    ``extreme`` counts draws whose mean lies as far from zero as the observed one (Phipson and Smyth, 2010, equation 2:
    never zero, and never too small). All columns share their draws.

    Args:
        differences: float (U, M), a method's figure minus the other's; users with ``nan`` are left out.
        resamples: Number of draws B.
        seed: Seeds the draws.

    Returns:
        float64 (M,) in (0, 1]; ``nan`` for a column without any difference.

    """
    known = ~np.isnan(differences)
    filled = np.where(known, differences, 0.0).astype(np.float64)
    observed = np.abs(filled.sum(axis=0))
    # Turning signs is taking twice a random half of the differences from their sum; half of that is drawn here.
    threshold = observed / 2 * (1 - _SLACK)
    extreme = np.zeros(filled.shape[1], dtype=np.int64)
    random = np.random.default_rng(seed)
    for rows in _chunks(resamples, len(filled)):
        coins = random.integers(0, 2, (rows, len(filled)), dtype=np.int8).astype(np.float64)
        coins -= 0.5
        extreme += (np.abs(coins @ filled) >= threshold).sum(axis=0)
    return np.where(known.any(axis=0), (1 + extreme) / (1 + resamples), np.nan)


def paired_permutation(differences: Floats, resamples: int = RESAMPLES, seed: int = 0) -> float:
    """``paired_permutations`` of one column, float (U,)."""
    return float(paired_permutations(np.asarray(differences)[:, None], resamples, seed)[0])


def holm(p_values: Sequence[float] | Floats) -> NDArray[np.float64]:
    """p-values of one family, adjusted so that any false rejection among them keeps the level (Holm, 1979).

    Args:
        p_values: float (M,); ``nan`` is no test and does not count.

    Returns:
        float64 (M,) in the same order: the i-th smallest times M − i + 1, at least the one before, at most 1.

    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    order = np.argsort(given, kind="stable")[: int((~np.isnan(given)).sum())]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0)
    return adjusted


def resampled_means(values: Floats, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Means of columns over users drawn with replacement (Efron and Tibshirani, 1993, chapter 13).

    All columns see the same users in a resample, so differences and ratios of columns have their honest spread.

    Args:
        values: float (U, M); users with ``nan`` do not count in that column.
        resamples: Number of resamples B.
        seed: Seeds the draws.

    Returns:
        float64 (B, M); ``nan`` where a resample holds no user with a value.

    """
    users, columns = values.shape
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0).astype(np.float64)
    # Columns of one number of shots lack the same users: each such pattern is counted once.
    patterns, pattern_of = np.unique(known, axis=1, return_inverse=True)
    patterns = patterns.astype(np.float64)
    means, first = np.empty((resamples, columns)), 0
    random = np.random.default_rng(seed)
    for rows in _chunks(resamples, users):
        counts = _tally(random.integers(0, users, (rows, users), dtype=np.int32))
        with np.errstate(invalid="ignore"):
            means[first : first + rows] = (counts @ filled) / (counts @ patterns)[:, pattern_of.ravel()]
        first += rows
    return means


@_compiled
def _tally(drawn: Any) -> Any:
    """How often each user is in each resample, float64 (B, U), from who was drawn, int32 (B, U)."""
    counts = np.zeros(drawn.shape, np.float64)
    for resample in range(len(drawn)):
        for user in drawn[resample]:
            counts[resample, user] += 1
    return counts


def mean_interval(
    values: Floats, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Lower and upper bound of the mean of float (U,), by the percentile bootstrap over users."""
    low, high = interval(resampled_means(np.asarray(values)[:, None], resamples, seed), level)
    return float(low[0]), float(high[0])


def paired(ours: Floats, reference: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Figures of two methods, float (U, S) or (U,), as float64 (U, S), ``nan`` where either is unknown.

    Raises:
        ValueError: They have different shapes.

    """
    one, other = (np.asarray(values, dtype=np.float64).reshape(len(values), -1) for values in (ours, reference))
    if one.shape != other.shape:
        raise ValueError(f"expected figures of the same users and shots, got shapes {one.shape} and {other.shape}")
    missing = np.isnan(one) | np.isnan(other)
    return np.where(missing, np.nan, one), np.where(missing, np.nan, other)


def known_mean(values: Floats) -> NDArray[np.float64]:
    """Mean over the last axis of what is not ``nan``, float (…, S) → float64 (…); ``nan`` where nothing is known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(values.astype(np.float64, copy=False), axis=-1))


def ratio_of_means(ours: Floats, reference: Floats) -> NDArray[np.float64]:
    """Mean over the last axis of ``ours`` ÷ the same of ``reference`` − 1, float (…, S) → (…), past ``nan``.

    In units of 0 it is infinite, or ``nan`` where ours is 0 as well.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return known_mean(ours) / known_mean(reference) - 1.0


def relative_gain(
    ours: Floats, reference: Floats, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> Gain:
    """How much better a method is than another, over several numbers of shots.

    Means over users first, per number of shots; then the mean over these of ours ÷ the mean over the same of the
    reference − 1. Users are resampled jointly, over both methods and all numbers of shots.

    Args:
        ours: float (U, S), or (U,) for one number of shots; a user counts where both have a value.
        reference: The same of the other method.
        resamples: Number of resamples.
        seed: Seeds the draws.
        level: Of the interval.

    Returns:
        The gain; all ``nan`` where no user has both.

    """
    ours, reference = paired(ours, reference)
    shots = ours.shape[1]
    both = np.hstack([ours, reference])
    drawn = resampled_means(both, resamples, seed)
    means = known_mean(both.T)
    low, high = interval(ratio_of_means(drawn[:, :shots], drawn[:, shots:])[:, None], level)
    return Gain(float(ratio_of_means(means[:shots], means[shots:])), float(low[0]), float(high[0]))


def difference(ours: Floats, reference: Floats, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95) -> Gain:
    """Mean over users of ours − reference, float (U,) each, with its interval; users with both values count."""
    ours, reference = paired(ours, reference)
    apart = (ours - reference)[:, 0]
    return Gain(float(known_mean(apart)), *mean_interval(apart, resamples, seed, level))


def not_worse(ours: Floats, reference: Floats, margin: float = 0.02, resamples: int = RESAMPLES, seed: int = 0) -> bool:
    """Whether the lower bound of the difference lies above −``margin`` times the reference's mean (non-inferiority).

    Args:
        ours: float (U,).
        reference: float (U,), of the same users.
        margin: Share of the reference's mean that may be lost.
        resamples: Number of resamples.
        seed: Seeds the draws.

    """
    _, kept = paired(ours, reference)
    return difference(ours, reference, resamples, seed).low > -margin * float(known_mean(kept[:, 0]))


def _chunks(resamples: int, users: int) -> Iterator[int]:
    """Numbers of resamples that are worked on at a time."""
    step = max(1, _CELLS // max(users, 1))
    for first in range(0, resamples, step):
        yield min(step, resamples - first)
