"""Telling why: what is said to speak for an item should be what carries it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Posed
from tasks.evaluation.methods import Ranker
from tasks.explanation import ExplainedHybrid, claims_of, told_by_shots
from tasks.explanation.claims import ATTENTION, ATTENTION_TO_ITEM, ATTRIBUTIONS, CONTRIBUTIONS, MODEL
from tasks.explanation.curves import DELETION, FIRST, INSERTION, RANDOM, apart_by_user
from tasks.hybrid.hybrid import Hybrid, OutOfFold
from tasks.method_names import GENERATOR, HYBRID
from tasks.uses.use import Case, Measured, frame_of, shots_of

USERS = 200
"""Users per number of shots whose first recommendation is held against the scores."""
SEED = 0
"""Of random orders: the same for every model."""
CLAIMS = (
    (CONTRIBUTIONS, MODEL),
    (ATTENTION, MODEL),
    (ATTENTION, ATTENTION),
    (ATTENTION_TO_ITEM, ATTENTION),
    (ATTRIBUTIONS, MODEL),
    (ATTRIBUTIONS, GENERATOR),
)
"""Explanations, and the scores they are held against, in the order of the report."""
HELD = (FIRST, DELETION, INSERTION)


def figure_of(curve: str, explanation: str, scorer: str) -> str:
    """Name of a figure."""
    return f"{curve}_{explanation}_{scorer}"


@dataclass(frozen=True)
class Faithfulness:
    """How much better explanations of the hybrid do than random orders of the same items, in nats."""

    name: str = "faithfulness"
    version: int = 1
    methods: tuple[str, ...] = (HYBRID,)
    with_references: bool = False
    yardsticks: tuple[str, ...] = ()
    unit: str = "users"
    figures: Mapping[str, str] = field(
        default_factory=lambda: {
            figure_of(curve, *claim): f"{curve}: {claim[0]} against {claim[1]}" for claim in CLAIMS for curve in HELD
        }
    )
    title: str = "Whether explanations hold"
    explained: tuple[str, ...] = (
        "Items that are known of a user are taken away, those first that an explanation of the first recommendation",
        "puts first (deletion), and added to none in the same order (insertion). Shown is how much sooner the log",
        "probability of the recommended item falls and rises than in random orders of the same items (area between the",
        f"curves, in nats by the share of items), for up to {USERS} users at each s from 2 on who have so many items.",
        "*first* is how much more the item loses with the first item of the explanation than with a random one. An",
        "explanation holds where both areas are above 0; see [explanations.md](explanations.md).",
    )

    def measure(self, name: str, reported: Case, half_a: Case) -> Measured:
        """As in ``Use``; there is no reference to be chosen on half A.

        Raises:
            TypeError: It is no hybrid.

        """
        asked = {shots_of(one): one for one in reported.posed if one.shots is not None and one.shots > 1}
        if reported.method_for is None or not asked:
            return Measured(frame_of(np.empty(0, dtype=np.int32), {}), {})
        explained = ExplainedHybrid(_hybrid(reported.method_for(next(iter(asked.values()))).ranker), SEED)
        claims = claims_of(explained)
        told = told_by_shots(
            claims, [*asked.values()], explained.top_k, explained.n_items, top=1, most_users=USERS, seed=SEED
        )
        numbers = {shots: _Numbered.of(reported, one) for shots, one in asked.items()}
        units = np.unique(np.concatenate([one.places for one in numbers.values()]))
        columns: dict[str, NDArray[np.float64]] = {}
        for place, claim in enumerate(claims):
            ids, apart = apart_by_user({shots: own[place] for shots, own in told.items()})
            for curve in HELD if len(ids) else ():
                for number, shots in enumerate(told):
                    values = apart[curve, RANDOM][:, number]
                    known = ~np.isnan(values)
                    column = np.full(len(units), np.nan)
                    column[np.searchsorted(units, numbers[shots].of_ids(ids[known]))] = values[known]
                    columns[f"{figure_of(curve, claim.explanation, claim.scorer)}/{shots}"] = column
        asked_for = {shots: int(sum(map(len, own[0].asked))) for shots, own in told.items()}
        return Measured(frame_of(units, columns), {}, {"asked": asked_for})


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Positions of users by their stable numbers, which ascend."""

    ids: NDArray[np.uint64]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, case: Case, posed: Posed) -> "_Numbered":
        order = np.argsort(posed.users.ids, kind="stable")
        return cls(posed.users.ids[order], case.places(posed)[order])

    def of_ids(self, ids: NDArray[np.uint64]) -> NDArray[np.int64]:
        return self.places[np.searchsorted(self.ids, ids)]


def _hybrid(ranker: Ranker) -> Hybrid:
    """What is explained; where folds are answered by hybrids of their own, the first of them."""
    ranker = ranker.hybrids[0] if isinstance(ranker, OutOfFold) else ranker
    if not isinstance(ranker, Hybrid):
        raise TypeError(f"explanations are measured of a hybrid, got {type(ranker).__name__}")
    return ranker
