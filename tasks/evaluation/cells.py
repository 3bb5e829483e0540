"""Cells of a result: means over users, their intervals, and the mean over numbers of shots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Posed
from tasks.evaluation.bootstrap import Sample, bootstrap_means, interval, mean_of
from tasks.evaluation.evaluation import MEAN
from tasks.evaluation.judge import REPEATS, STRICT, Figure, Outcome

Key = tuple[str, Figure]
"""A method and a figure."""
Row = tuple[object, ...]
"""Values in the order of ``CELLS_SCHEMA``."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A posed question and what each method made of it.

    Attributes:
        posed: The question at one number of shots.
        outcomes: Figures by method; the same methods and figures at every number of shots.

    """

    posed: Posed
    outcomes: Mapping[str, Outcome]

    @property
    def columns(self) -> list[Key]:
        """Method and figure of each column of ``values``."""
        return [(name, figure) for name, outcome in self.outcomes.items() for figure in outcome.per_user]

    @property
    def values(self) -> NDArray[np.float32]:
        """float32 (U, M): every method's values per user, side by side."""
        values = np.empty((len(self.posed.users), len(self.columns)), dtype=np.float32)
        for n, (method, figure) in enumerate(self.columns):
            values[:, n] = self.outcomes[method].per_user[figure]
        return values

    @property
    def figures(self) -> dict[Key, float]:
        """One value per method and figure: means over users, and the figures of lists."""
        return {
            (name, figure): value
            for name, outcome in self.outcomes.items()
            for figure, value in (outcome.means() | outcome.overall).items()
        }

    @property
    def reached(self) -> dict[str, NDArray[np.uint64]]:
        """Users with targets, by variant."""
        ids, posed = self.posed.users.ids, self.posed
        targets = np.diff(posed.targets.indptr)
        reached = {"": ids[targets > 0], STRICT: ids[targets + posed.outside_targets > 0]}
        if posed.repeats is not None:
            reached[REPEATS] = ids[np.diff(posed.repeats.indptr) > 0]
        return reached


def cells_of(answered: Sequence[Answered], roles: Mapping[str, str], resamples: int, seed: int) -> list[Row]:
    """Rows of ``Evaluation.cells`` of one question.

    Args:
        answered: One entry per number of shots.
        roles: Role of each method.
        resamples: Resamples behind each interval; 0 for none.
        seed: Seeds the resamples.

    """
    known = [one for one in answered if one.posed.shots != 0]  # what the mean is over
    figures = {one.posed.shots_name.removeprefix("shots_"): one.figures for one in answered}
    reached = {one.posed.shots_name.removeprefix("shots_"): one.reached for one in answered}
    if known:
        figures[MEAN] = _averaged([one.figures for one in known])
        reached[MEAN] = {
            variant: np.unique(np.concatenate([one.reached[variant] for one in known])) for variant in known[0].reached
        }
    bounds = _intervals(answered, resamples, seed) if resamples else {}

    question = answered[0].posed.question
    rows: list[Row] = []
    for shots, values in figures.items():
        users = {variant: len(ids) for variant, ids in reached[shots].items()}
        for (method, figure), value in values.items():
            low, high = bounds.get((shots, method, figure), (None, None))
            cell: Row = (figure.metric, figure.k, figure.variant, value, low, high, users[figure.variant])
            rows.append((question, method, roles[method], shots, *cell))
        for method in answered[0].outcomes:
            for variant, count in users.items():
                cell = ("users", None, variant, float(count), None, None, count)
                rows.append((question, method, roles[method], shots, *cell))
    return rows


def _averaged(parts: Sequence[dict[Key, float]]) -> dict[Key, float]:
    """Mean of each figure over the numbers of shots that have it."""
    keys = dict.fromkeys(key for part in parts for key in part)
    return {key: float(mean_of([np.array(part[key]) for part in parts if key in part])) for key in keys}


def _intervals(
    answered: Sequence[Answered], resamples: int, seed: int
) -> dict[tuple[str, str, Figure], tuple[float, float]]:
    """95 % intervals by shots, method and figure."""
    columns = answered[0].columns
    # Users of all numbers of shots are resampled together: the interval of the mean needs them paired.
    everybody, position = np.unique(np.concatenate([one.posed.users.ids for one in answered]), return_inverse=True)
    if not len(everybody) or not columns:
        return {}
    ends = np.cumsum([len(one.posed.users) for one in answered])[:-1]
    samples = [Sample(own, one.values) for own, one in zip(np.split(position, ends), answered, strict=True)]
    means = bootstrap_means(samples, len(everybody), resamples, seed)
    spread: dict[str, NDArray[np.floating]] = {
        one.posed.shots_name.removeprefix("shots_"): part for one, part in zip(answered, means, strict=True)
    }
    known = [part for one, part in zip(answered, means, strict=True) if one.posed.shots != 0]
    if known:
        spread[MEAN] = mean_of(known)
    bounds = {}
    for shots, part in spread.items():
        for (method, figure), low, high in zip(columns, *interval(part), strict=True):
            bounds[shots, method, figure] = (float(low), float(high))
    return bounds
