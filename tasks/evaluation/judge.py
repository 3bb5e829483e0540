"""One method on one posed question: lists once, every figure from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, Posed, VirtualBehaviour
from tasks.evaluation.hits import Hits, look_up
from tasks.evaluation.methods import Ranker
from tasks.evaluation.metrics import AccuracyMetric, ItemPopularity, ListMetric, Metric

STRICT = "strict"
"""Suffix of figures that keep targets outside the catalogue as misses."""
REPEATS = "repeats"
"""Suffix of figures on repeated items: the targets are support items that come again, which are not masked."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a column of figures is: a metric, a cut and a variant.

    Attributes:
        metric: Name of the metric.
        k: Length of the list that counts.
        variant: Empty, ``strict`` or ``repeats``.

    """

    metric: str
    k: int
    variant: str = ""

    @property
    def name(self) -> str:
        """``ndcg_at_10``, ``ndcg_at_10_strict``."""
        return f"{self.metric}_at_{self.k}" + (f"_{self.variant}" if self.variant else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """All figures of one method on one posed question.

    Attributes:
        per_user: float64 (U,) per figure, ``nan`` for users without targets.
        overall: One value per figure that describes the lists of all users together.

    """

    per_user: dict[Figure, NDArray[np.float64]]
    overall: dict[Figure, float]

    def means(self) -> dict[Figure, float]:
        """Mean over the users with targets; ``nan`` where there are none."""
        known = {figure: values[~np.isnan(values)] for figure, values in self.per_user.items()}
        return {figure: float(values.mean()) if len(values) else float("nan") for figure, values in known.items()}


def judge(
    ranker: Ranker,
    posed: Posed,
    virtual: VirtualBehaviour | None,
    metrics: Mapping[str, Metric],
    ks: Sequence[int],
    popularity: ItemPopularity,
    seed: int,
) -> Outcome:
    """Let a ranker answer a posed question, and judge its lists.

    Args:
        ranker: A fitted recommender.
        posed: Supports and targets of U users.
        virtual: The users' virtual behaviour, (U, I); None for real behaviour only.
        metrics: Metrics by name.
        ks: Cuts; lists are as long as the largest.
        popularity: Of the catalogue's items among warm users.
        seed: Seeds the order of ties.

    """
    users, longest = posed.users.with_virtual(virtual), max(ks)
    ids = ranker.top_k(users, longest, exclude=None, allow=None, seed=seed).ids
    hits = Hits.of(ids, posed.targets)
    readings = {"": hits, STRICT: hits.with_further_targets(posed.outside_targets)}
    if posed.repeats is not None:
        unmasked = ranker.top_k(users, longest, exclude=None, allow=None, seed=seed, mask_support=False).ids
        readings[REPEATS] = Hits.of(unmasked, posed.repeats)

    per_user: dict[Figure, NDArray[np.float64]] = {}
    overall: dict[Figure, float] = {}
    for name, metric in metrics.items():
        for k in ks:
            if isinstance(metric, AccuracyMetric):
                for variant, reading in readings.items():
                    per_user[Figure(name, k, variant)] = metric.per_user(reading, k)
            elif isinstance(metric, ListMetric):
                overall[Figure(name, k)] = metric.overall(ids[:, :k], popularity)
    if virtual is not None:
        overall |= came_back(ids, hits, virtual, ks)
    return Outcome(per_user, overall)


def came_back(ids: NDArray[np.int32], hits: Hits, virtual: VirtualBehaviour, ks: Sequence[int]) -> dict[Figure, float]:
    """How much of the lists is virtual behaviour that comes back as recommendation, and how often it is right.

    A method whose lists are mostly its own virtual items only repeats its generator.

    Returns:
        ``virtual_share``: share of recommended items that are virtual items of the user.
        ``virtual_precision``: share of these that were targets, among users with targets; ``nan`` without any.

    """
    made_up = look_up(ids, virtual.matrix)
    judged = hits.targets > 0
    figures = {}
    for k in ks:
        listed, own = np.count_nonzero(ids[:, :k] != NO_ITEM), made_up[:, :k]
        right, total = hits.is_hit[judged, :k][own[judged]].sum(), np.count_nonzero(own[judged])
        figures[Figure("virtual_share", k)] = float(own.sum() / listed) if listed else float("nan")
        figures[Figure("virtual_precision", k)] = float(right / total) if total else float("nan")
    return figures
