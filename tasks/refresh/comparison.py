"""Challenger and champion before users whom neither has seen: the same question, each over its own catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, Posed, TopK
from tasks.evaluation.judge import STRICT, Figure, judge
from tasks.evaluation.metrics import ItemPopularity
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.statistics import difference, known_mean, paired, relative_gain
from tasks.model_format import Model
from tasks.refresh.verdict import MEAN, K, Row, Verdict

FIGURE = Figure("ndcg", K, STRICT)
"""Targets outside a catalogue are misses: whoever knows more items can find more."""


@dataclass(frozen=True)
class ModelRanker:
    """A model as evaluation sees a recommender: what it would answer."""

    model: Model

    def top_k(
        self,
        users: NewUsers,
        k: int,
        *,
        exclude: NDArray[np.bool_] | None = None,
        allow: NDArray[np.bool_] | None = None,
        seed: int = 0,
        mask_support: bool = True,
    ) -> TopK:
        """As ``Ranker.top_k``; draws and ties are seeded as the model is."""
        return self.model.rank(users, k, exclude=exclude, allow=allow, mask_support=mask_support)


def users_with_targets(posed: Sequence[Posed]) -> int:
    """Users who took something, inside a catalogue or outside, at some number of shots from 1 on."""
    found = [one.population[np.diff(one.targets.indptr) + one.outside_targets > 0] for one in posed if one.shots != 0]
    return len(np.unique(np.concatenate(found))) if found else 0


def compared(
    champion: tuple[Model, Sequence[Posed]],
    challenger: tuple[Model, Sequence[Posed]],
    *,
    margin: float,
    resamples: int,
) -> Verdict:
    """Ask both, and compare them user by user.

    Args:
        champion: The model, and the question over its catalogue.
        challenger: Likewise, of the same users.
        margin: Share of the champion's figure that the lower bound may lie below it.
        resamples: Behind the intervals.

    """
    (reference, asked), (ours, asked_too) = champion, challenger
    own, other = _per_user(ours, asked_too), _per_user(reference, asked)
    heads = [one.shots_name.removeprefix("shots_") for one in asked]
    rows = []
    for column, head in enumerate(heads):
        mine, theirs = paired(own[:, column], other[:, column])
        count = int((~np.isnan(mine)).sum())
        if count:
            apart = difference(mine[:, 0], theirs[:, 0], resamples)
            rows.append(Row(head, *_means(theirs, mine), apart.low, apart.high, count))
    shown = [column for column, head in enumerate(heads) if head != "0"]
    gain = relative_gain(own[:, shown], other[:, shown], resamples)
    mine, theirs = paired(own[:, shown], other[:, shown])
    users = int((~np.isnan(mine)).any(axis=1).sum())
    before, after = (float(known_mean(known_mean(values.T))) for values in (theirs, mine))
    rows.append(Row(MEAN, before, after, gain.low, gain.high, users))
    return Verdict(tuple(rows), gain, margin, users)


def _means(theirs: NDArray[np.float64], mine: NDArray[np.float64]) -> tuple[float, float]:
    return float(known_mean(theirs[:, 0])), float(known_mean(mine[:, 0]))


def _per_user(model: Model, posed: Sequence[Posed]) -> NDArray[np.float64]:
    """NDCG@10 by user and number of shots: float64 (U, S), ``nan`` where a user is not asked or took nothing."""
    users = 1 + max((int(one.population.max(initial=-1)) for one in posed), default=-1)
    found = np.full((users, len(posed)), np.nan)
    unread = ItemPopularity(np.zeros(len(model.items), dtype=np.int64), 1)  # for figures of whole lists, not asked for
    for place, one in enumerate(posed):
        if len(one.users):
            outcome = judge(ModelRanker(model), one, None, {"ndcg": Ndcg()}, (K,), unread, model.header.seed)
            found[one.population, place] = outcome.per_user[FIGURE]
    return found
