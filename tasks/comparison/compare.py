"""Paired differences of runs, with intervals and corrected p-values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.comparison.compared import ComparedRun
from tasks.comparison.settings import CompareSettings
from tasks.evaluation.bootstrap import interval
from tasks.evaluation.evaluation import MEAN
from tasks.evaluation.statistics import holm, known_mean, paired, paired_permutations, resampled_means

ORDER = ("0", "1", "3", "5", "10", "all")


@dataclass(frozen=True, slots=True)
class Difference:
    """A run's figure minus the reference's, at one number of shots.

    Attributes:
        figure: For example ``ndcg_at_10``.
        run: Place of the run among those compared, from 1 on; the reference is 0.
        shots: ``0`` … ``all``, or ``mean`` over those from 1 on.
        value: The run's mean over users.
        reference: The reference's, over the same users.
        difference: Of the two.
        low: Lower bound of the difference's 95 % interval over users.
        high: Upper bound.
        p: Two-sided p-value of the paired permutation test.
        p_holm: The same, corrected over all tests of the figure.
        users: Number of users behind it.

    """

    figure: str
    run: int
    shots: str
    value: float
    reference: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    users: int


def compare(runs: Sequence[ComparedRun], settings: CompareSettings) -> list[Difference]:
    """Every run against the first, by figure and shots.

    Intervals are percentile bootstraps over users; the mean over shots is that of means over users, and its test is
    on the users' own means. Holm's correction goes over all runs and shots of a figure.

    Args:
        runs: As ``read_runs`` gives them.
        settings: Figures, method, resamples.

    Raises:
        ConfigError: A run lacks the method or a figure.

    """
    question = runs[0].per_user.filter(pl.col("question") == runs[0].question)
    held = set(question["shots"].unique().to_list())
    shots = [one for one in ORDER if one in held] + sorted(held.difference(ORDER))
    users = question["user"].unique().sort()
    found: list[Difference] = []
    for figure in settings.figures:
        values = [run.values(run.method(settings.method), figure, shots, users) for run in runs]
        rows = [
            row
            for place, own in enumerate(values[1:], start=1)
            for row in _against(figure, place, shots, own, values[0], settings.resamples)
        ]
        adjusted = holm([row.p for row in rows])
        found += [replace(row, p_holm=float(p)) for row, p in zip(rows, adjusted, strict=True)]
    return found


def _against(
    figure: str,
    place: int,
    shots: Sequence[str],
    ours: NDArray[np.float64],
    reference: NDArray[np.float64],
    resamples: int,
) -> list[Difference]:
    ours, reference = paired(ours, reference)
    apart = ours - reference
    known = [column for column, one in enumerate(shots) if one != "0"]
    tested = np.hstack([apart, known_mean(apart[:, known])[:, None]]) if known else apart
    p = paired_permutations(tested, resamples)
    drawn = resampled_means(apart, resamples)
    if known:
        drawn = np.hstack([drawn, known_mean(drawn[:, known])[:, None]])
    low, high = interval(drawn, 0.95)
    means = [known_mean(values.T) for values in (ours, reference)]
    heads = [*shots, MEAN] if known else list(shots)
    rows = []
    for column, head in enumerate(heads):
        own, other = (float(one[known].mean() if head == MEAN else one[column]) for one in means)
        count = int((~np.isnan(tested[:, column])).sum())
        bounds = (float(low[column]), float(high[column]))
        rows.append(Difference(figure, place, head, own, other, own - other, *bounds, float(p[column]), np.nan, count))
    return [row for row in rows if row.users]
