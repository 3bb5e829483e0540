"""Who gains and who loses by one method against another: all users, by feature and by length of profile."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.evaluation.statistics import difference, paired
from tasks.features.identity import as_text
from tasks.reporting.report.comparison import Gains, Segment

SMALLEST = 10
"""Users a segment has at least; smaller ones are added up."""
MOST_VALUES = 6
"""Segments shown of one feature."""
EVERYBODY, OTHERS, UNKNOWN = "all users", "others", "unknown"
LENGTH = "items per user"

Floats = NDArray[np.floating]
Labels = NDArray[np.str_]


def gains_of(
    ours: tuple[str, Floats],
    reference: tuple[str, Floats],
    groups: Mapping[str, Sequence[str]],
    figure: str,
    seed: int = 0,
) -> Gains:
    """Differences between two methods, with 95 % intervals over users.

    Args:
        ours: Name of a method and its figure per user, float (U,), nan where a user has none.
        reference: The same of what it is compared with.
        groups: The U users' segment, by what divides them.
        figure: Label of the figure.
        seed: Seeds the resamples.

    Returns:
        The gains; no segments where no user has both figures.

    """
    one, other = (values[:, 0] for values in paired(ours[1], reference[1]))
    known = ~np.isnan(one)
    segments: list[Segment] = []
    if known.any():
        segments.append(_segment(EVERYBODY, EVERYBODY, one[known], other[known], seed))
        for group, labels in groups.items():
            values = list(_values(np.asarray(labels)[known]))
            # One segment of all users says nothing that the first line does not.
            for value, chosen in values if len(values) > 1 else ():
                segments.append(_segment(group, value, one[known][chosen], other[known][chosen], seed))
    return Gains(ours[0], reference[0], figure, tuple(segments))


def over_shots(per_user: pl.DataFrame, method: str, column: str, users: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A method's figure per user, meant over all numbers of shots from 1 on (over all where there is only 0).

    Args:
        per_user: ``Evaluation.per_user`` of one question.
        method: Name of the method.
        column: The figure, for example ``ndcg_at_10``.
        users: uint64 (U,), the users asked about.

    Returns:
        float64 (U,), nan where a user has none.

    """
    rows = per_user.filter(pl.col("method") == method)
    if (rows["shots"] != "0").any():
        rows = rows.filter(pl.col("shots") != "0")
    means = rows.group_by("user").agg(pl.col(column).cast(pl.Float64).mean())
    wanted = pl.DataFrame({"user": pl.Series(users, dtype=pl.UInt64)})
    found = wanted.join(means, on="user", how="left", maintain_order="left").get_column(column)
    return found.fill_null(float("nan")).to_numpy()


def labels_of_class(values: pl.Series) -> list[str]:
    """Segments of users by a class."""
    return as_text(values).fill_null(UNKNOWN).to_list()


def labels_of_number(values: Sequence[float] | pl.Series | NDArray[Any], parts: int = 3) -> list[str]:
    """Segments of users by a number: ranges that hold about equally many users.

    Args:
        values: A number per user; null or nan is a segment of its own.
        parts: Number of ranges; fewer where numbers repeat.

    Returns:
        The range of each user, its ends as they occur: ``2 – 5``.

    """
    numbers = pl.Series(values).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known = numbers[~np.isnan(numbers)]
    labels = np.full(len(numbers), UNKNOWN, dtype=object)
    edges = _edges(known, parts)
    place = np.searchsorted(edges, numbers, side="left")
    for part in range(len(edges) + 1):
        own = (place == part) & ~np.isnan(numbers)
        if own.any():
            least, most = numbers[own].min(), numbers[own].max()
            labels[own] = short_number(least) if least == most else f"{short_number(least)} – {short_number(most)}"
    return labels.tolist()


def short_number(value: float) -> str:
    """A number with four digits that count, whole ones with all of theirs."""
    return f"{value:.0f}" if value == round(value) else f"{value:.4g}"


def _edges(known: Floats, parts: int) -> NDArray[np.float64]:
    """Largest value of each range but the last, rising; none where all values are equal."""
    below = known[known < known.max()] if len(known) else known
    if not len(below):
        return np.zeros(0)
    inner = np.quantile(known, np.arange(1, parts) / parts, method="inverted_cdf")
    # Where most users have the largest value, it is a range of its own.
    return np.unique(np.minimum(inner, below.max())).astype(np.float64)


def _values(labels: Labels) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Segments that are large enough: ranges in rising order, classes by size, what is left added up at the end."""
    found, counts = np.unique(labels, return_counts=True)
    order = np.lexsort((found, -counts))
    shown = [found[place] for place in order if counts[place] >= SMALLEST][:MOST_VALUES]
    if all(_start(value) is not None or value == UNKNOWN for value in found):
        shown = sorted(shown, key=lambda value: (value == UNKNOWN, _start(value) or 0.0))
    for value in shown:
        yield str(value), labels == value
    rest = ~np.isin(labels, shown)
    if rest.any():
        yield OTHERS, rest


def _start(label: str) -> float | None:
    try:
        return float(label.split(" – ", maxsplit=1)[0])
    except ValueError:
        return None


def _segment(group: str, value: str, ours: Floats, reference: Floats, seed: int) -> Segment:
    gain = difference(ours, reference, seed=seed)
    return Segment(
        group=group,
        value=value,
        users=len(ours),
        ours=float(ours.mean()),
        reference=float(reference.mean()),
        gain=gain.value,
        low=gain.low,
        high=gain.high,
        gain_share=float((ours > reference).mean()),
        loss_share=float((ours < reference).mean()),
    )
