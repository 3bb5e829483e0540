"""Intervals by resampling users, all figures of a question at once."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CELLS = 4_000_000
"""Weights held at a time, float32."""
_HUGE = 1e300
"""Stands for infinity."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of some of the users, for example of one number of shots.

    Attributes:
        users: int64 (U,), distinct positions among all users that are resampled.
        values: float32 (U, M), one column per figure; ``nan`` where a user has none.

    """

    users: NDArray[np.int64]
    values: NDArray[np.float32]


def bootstrap_means(samples: Sequence[Sample], users: int, resamples: int, seed: int) -> list[NDArray[np.float32]]:
    """Means over resampled users (Efron and Tibshirani, 1993, chapter 13: the percentile bootstrap).

    All samples are resampled with the same users, so differences between figures and means over samples
    have their honest spread.

    Args:
        samples: Values of the users; the number of columns may differ.
        users: Number of users to resample.
        resamples: Number of resamples B.
        seed: Seeds the draws.

    Returns:
        float32 (B, M) per sample; ``nan`` where a resample holds no user with a value.

    """
    random = np.random.default_rng(seed)
    known = [~np.isnan(sample.values) for sample in samples]
    filled = [np.where(there, sample.values, np.float32(0)) for there, sample in zip(known, samples, strict=True)]
    means = [np.empty((resamples, sample.values.shape[1]), dtype=np.float32) for sample in samples]
    step = max(1, _CELLS // max(users, 1))
    for first in range(0, resamples, step):
        last = min(first + step, resamples)
        # A resample is a count per user; counts times values is then one matrix product.
        drawn = random.integers(0, users, (last - first, users)) + np.arange(last - first)[:, None] * users
        counts = np.bincount(drawn.ravel(), minlength=(last - first) * users).reshape(-1, users).astype(np.float32)
        for sample, there, values, out in zip(samples, known, filled, means, strict=True):
            own = counts[:, sample.users]
            with np.errstate(invalid="ignore"):
                out[first:last] = (own @ values) / (own @ there.astype(np.float32))
    return means


def interval(means: NDArray[np.floating], level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bound per column, float64 (M,), of resampled means, float (B, M), infinite ones among them."""
    tail, found = (1.0 - level) / 2.0, means.astype(np.float64)
    np.clip(found, -_HUGE, _HUGE, out=found)  # between two of them there is a quantile, between infinities none
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without any value has bounds of nan
        bounds = np.nanquantile(found, [tail, 1.0 - tail], axis=0)
    low, high = np.where(np.abs(bounds) > _HUGE / 1e9, np.copysign(np.inf, bounds), bounds)
    return low, high


def mean_of(parts: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Mean of arrays of one shape, entry by entry, of those that are not ``nan``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(np.stack([part.astype(np.float64) for part in parts]), axis=0))
