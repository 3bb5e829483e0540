"""95 % intervals over users: of figures, of gains, of segments."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.evaluation.bootstrap import interval
from tasks.evaluation.evaluation import MEAN
from tasks.evaluation.statistics import known_mean, ratio_of_means, resampled_means
from tasks.method_names import HYBRID
from tasks.results.claims import DIFFERENCE, GAIN, Comparison, seed_of
from tasks.results.panel import Panel

SCHEMA = {
    "method": pl.String,
    "shots": pl.String,
    "segment": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n_users": pl.Int64,
}
Values = NDArray[np.float64]


def intervals_of(
    panel: Panel, metric: str, values: Mapping[str, Values], resamples: int, segment: str | None = None
) -> pl.DataFrame:
    """Means over users by method and shots, ``mean`` included, with intervals.

    Args:
        panel: Gives shots and seeds.
        metric: Name of the figure, without its k.
        values: float64 (U, S) by method; the same users throughout.
        resamples: Number of resamples.
        segment: Name of the users' segment; None for all users.

    """
    names, columns = list(values), len(panel.shots)
    stacked = np.hstack(list(values.values()))
    drawn = resampled_means(stacked, resamples, _seed(panel, metric, segment)).reshape(resamples, len(names), columns)
    means = known_mean(stacked.T).reshape(len(names), columns)
    rows: list[tuple[object, ...]] = []
    for place, name in enumerate(names):
        low, high = interval(with_mean(panel.known, drawn[:, place]))
        users = counts_of(panel.known, values[name])
        for cell in zip(_heads(panel), with_mean(panel.known, means[place]), low, high, users, strict=True):
            shots, *figures = cell
            rows.append((name, shots, segment, metric, *figures))
    return _frame(rows)


def gains_of(
    panel: Panel, comparisons: Sequence[Comparison], resamples: int, segment: str | None = None
) -> pl.DataFrame:
    """Relative gains by comparison and shots, ``mean`` included, and the hybrid's difference from the reference."""
    if not comparisons:
        return _frame([])
    columns, known = len(panel.shots), list(panel.known)
    pairs = np.hstack([values for one in comparisons for values in (one.ours, one.theirs)])
    drawn = resampled_means(pairs, resamples, _seed(panel, GAIN, segment)).reshape(resamples, -1, 2, columns)
    means = known_mean(pairs.T).reshape(-1, 2, columns)
    rows: list[tuple[object, ...]] = []
    for place, one in enumerate(comparisons):
        ours, theirs = drawn[:, place, 0], drawn[:, place, 1]
        found = {one.metric: (_gain(means[place, 0], means[place, 1], known), _gain(ours, theirs, known))}
        if one.metric == GAIN and one.method == HYBRID:
            apart = means[place, 0] - means[place, 1]
            found[DIFFERENCE] = (with_mean(panel.known, apart), with_mean(panel.known, ours - theirs))
        users = counts_of(panel.known, one.ours - one.theirs)
        for metric, (value, spread) in found.items():
            low, high = interval(spread)
            for shots, *figures in zip(_heads(panel), value, low, high, users, strict=True):
                rows.append((one.method, shots, segment, metric, *figures))
    return _frame(rows)


def segments_of(panel: Panel) -> dict[str, NDArray[np.bool_]]:
    """Who belongs to each segment, bool (U,), by ``<name>=<value>``; users without a value belong to none."""
    found = {}
    for column in sorted(name for name in panel.users.columns if name.startswith("segment_")):
        values = panel.users[column]
        for value in sorted(values.drop_nulls().unique().to_list()):
            found[f"{column.removeprefix('segment_')}={value}"] = (values == value).fill_null(False).to_numpy()
    return found


def _gain(ours: Values, theirs: Values, known: Sequence[int]) -> Values:
    """Gains by shots and over all of them: (…, S) → (…, S + 1)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = ours / theirs - 1.0
        overall = ratio_of_means(ours[..., known], theirs[..., known])
    return np.concatenate([each, overall[..., None]], axis=-1)


def with_mean(known: Sequence[int], values: Values) -> Values:
    """Figures by shots and their mean over s ≥ 1: (…, S) → (…, S + 1).

    Args:
        known: Places of s ≥ 1 among the S numbers of shots.
        values: ``nan`` where there is no figure.

    """
    return np.concatenate([values, known_mean(values[..., list(known)])[..., None]], axis=-1)


def counts_of(known: Sequence[int], values: Values) -> list[int]:
    """How many of N rows have a figure, by shots and at any s ≥ 1: (N, S) → S + 1 counts; see ``with_mean``."""
    there = ~np.isnan(values)
    return [*map(int, there.sum(axis=0)), int(there[:, list(known)].any(axis=1).sum())]


def _heads(panel: Panel) -> tuple[str, ...]:
    return (*panel.shots, MEAN)


def _seed(panel: Panel, *parts: str | None) -> int:
    return seed_of("interval", panel.dataset, panel.question, *(part or "" for part in parts))


def _frame(rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """Rows with what is ``nan`` as null; figures without any user are no figures."""
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").with_columns(pl.col(pl.Float64).fill_nan(None))
    return frame.filter(pl.col("value").is_not_null() & pl.col("value").is_finite())
