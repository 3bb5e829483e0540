"""Who will buy an item: new users in order of their interest, buyers first if it is right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import NewUsers, Posed
from tasks.hybrid.choice import choice_probabilities
from tasks.hybrid.hybrid import Hybrid
from tasks.method_names import HYBRID
from tasks.uses.order import area_under_curve, expected_precision
from tasks.uses.scoring import Scored, scored
from tasks.uses.use import Case, Measured, frame_of, means_of, shots_of

N = 10
FEWEST_BUYERS = 5
MOST_ITEMS = 500
"""Items that are asked about at most, those with the most buyers."""

PROBABILITY, SCORE, PLACE = "probability", "score", "place"
"""How users are compared: by the hybrid's chance of a next item, by scores as they are, by places in users' lists."""
AUC, PRECISION = "auc", f"precision_at_{N}"
ACTIVITY, SUPPORT_POPULARITY, RANDOM = "activity", "support_popularity", "random"
"""Yardsticks: how much is known of a user, how popular that is, and nothing."""
Reading = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Audience:
    """AUC and precision@10 of audiences for single items."""

    name: str = "audience"
    version: int = 1
    methods: tuple[str, ...] = (HYBRID, "user_knn_cosine")
    with_references: bool = True
    yardsticks: tuple[str, ...] = (ACTIVITY, SUPPORT_POPULARITY, RANDOM)
    unit: str = "items"
    figures: Mapping[str, str] = field(
        default_factory=lambda: {AUC: "AUC", PRECISION: f"Precision@{N}, or @ the number of buyers where it is smaller"}
    )
    title: str = "Who will buy an item"
    explained: tuple[str, ...] = (
        f"For each item that at least {FEWEST_BUYERS} of the users buy (at most the {MOST_ITEMS} most bought), all",
        "users who do not have it yet are put into order; buyers should come first. AUC is the chance that a buyer",
        "stands above somebody who does not buy, 0.5 by chance. Figures are averaged over items; intervals are over",
        "items, with the users as they are. Scores compare within a user only, so a method is read in two ways, and by",
        "the one that is better on half A: by the place of the item in the user's list, or by its scores, `hybrid` by",
        "the chance that the item is the user's next one. `activity` is the number of items that are known of a user,",
        "`support_popularity` how popular these are, `random` any order.",
    )

    def measure(self, name: str, reported: Case, half_a: Case) -> Measured:
        """As in ``Use``."""
        on_a = {reading: means_of(frame) for reading, frame in self._frames(name, half_a).items()}
        by_reading = {reading: _mean_auc(means) for reading, means in on_a.items()}
        reading = max(by_reading, key=lambda one: by_reading[one])
        notes = {"reading": reading, "auc_on_half_a": by_reading}
        return Measured(self._frames(name, reported)[reading], on_a[reading], notes)

    def _frames(self, name: str, case: Case) -> dict[str, pl.DataFrame]:
        """Figures by reading."""
        asked = [items_of(posed) for posed in case.posed]
        units = np.unique(np.concatenate(asked))
        names = [f"{figure}/{shots_of(one)}" for figure in self.figures for one in case.posed]
        found: dict[str, dict[str, NDArray[np.float64]]] = {}
        for posed, items in zip(case.posed, asked, strict=True):
            shots, rows = shots_of(posed), np.searchsorted(units, items)
            for reading, scores in _readings(name, case, posed, items).items():
                columns = found.setdefault(reading, {one: np.full(len(units), np.nan) for one in names})
                auc, precision = audiences(posed, items, scores)
                columns[f"{AUC}/{shots}"][rows], columns[f"{PRECISION}/{shots}"][rows] = auc, precision
        return {reading: frame_of(units, columns) for reading, columns in found.items()}


def items_of(posed: Posed) -> NDArray[np.int64]:
    """Rows of the items to ask about, ascending: bought by enough users, and not by all."""
    buyers = np.bincount(posed.targets.indices, minlength=posed.targets.shape[1])
    enough = np.flatnonzero((buyers >= FEWEST_BUYERS) & (buyers < len(posed.users)))
    return np.sort(enough[np.argsort(-buyers[enough], kind="stable")[:MOST_ITEMS]])


def audiences(
    posed: Posed, items: NDArray[np.int64], scores: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUC and precision of one order of users per item.

    Args:
        posed: U users and what they take.
        items: C rows of the catalogue.
        scores: float32 (U, C).

    Returns:
        float64 (C,) each; ``nan`` where all who do not have the item buy it.

    """
    buys = np.asarray(posed.targets[:, items].todense()) > 0
    has = np.asarray(posed.users.support(posed.targets.shape[1])[:, items].todense()) > 0
    auc, precision = np.full(len(items), np.nan), np.full(len(items), np.nan)
    for place in range(len(items)):
        asked = ~has[:, place]
        own, is_buyer = scores[asked, place], buys[asked, place]
        auc[place] = area_under_curve(own, is_buyer)
        precision[place] = expected_precision(own, is_buyer, min(N, int(is_buyer.sum())))
    return auc, np.where(np.isnan(auc), np.nan, precision)


def _readings(name: str, case: Case, posed: Posed, items: NDArray[np.int64]) -> Reading:
    """Scores by reading, float32 (U, C) each."""
    if case.method_for is None:
        known = yardstick(name, posed.users, case.warm_users)
        return {SCORE: np.repeat(known[:, None], len(items), axis=1)}
    method, users = case.answering(posed)
    return readings_of(scored(method.ranker, users), len(users), items)


def readings_of(blocks: Iterable[Scored], users: int, items: NDArray[np.int64]) -> Reading:
    """Scores of chosen items by reading, float32 (U, C) each.

    The hybrid's chance of a next item stands in the place of its scores, whose unit differs between its gates.
    Users whom a method hands on to popularity are scored in another unit: among the others' scores they get the mean,
    which tells nothing of them.
    """
    found = {reading: np.zeros((users, len(items)), dtype=np.float32) for reading in (PROBABILITY, SCORE, PLACE)}
    by, is_hybrid = np.zeros(users, dtype=np.int64), True
    for block in blocks:
        by[block.rows] = id(block.by)
        found[SCORE][block.rows] = block.scores[:, items]
        found[PLACE][block.rows] = _places(block.scores, items)
        if isinstance(block.by, Hybrid):
            found[PROBABILITY][block.rows] = choice_probabilities(block.scores, block.users, items)
        else:
            is_hybrid = False
    if is_hybrid:
        return {PROBABILITY: found[PROBABILITY], PLACE: found[PLACE]}
    kinds, count = np.unique(by, return_counts=True)
    if len(kinds) > 1:
        main = by == kinds[count.argmax()]
        found[SCORE][~main] = found[SCORE][main].mean(axis=0)
    return {SCORE: found[SCORE], PLACE: found[PLACE]}


def yardstick(name: str, users: NewUsers, warm_users: NDArray[np.int64]) -> NDArray[np.float32]:
    """What a yardstick says of users, whatever the item: float32 (U,)."""
    if name == ACTIVITY:
        return users.shots.astype(np.float32)
    if name == SUPPORT_POPULARITY:
        total = np.bincount(users.rows.row_of_entry, weights=warm_users[users.items], minlength=len(users))
        return (total / np.maximum(users.shots, 1)).astype(np.float32)
    return np.zeros(len(users), dtype=np.float32)


def _places(scores: NDArray[np.float32], items: NDArray[np.int64]) -> NDArray[np.float32]:
    """Share of the catalogue that is scored below each of these, ties half: float32 (B, C)."""
    ordered = np.sort(scores, axis=1)
    found = np.empty((len(scores), len(items)), dtype=np.float32)
    for row, own in enumerate(scores[:, items]):
        found[row] = np.searchsorted(ordered[row], own, "left") + np.searchsorted(ordered[row], own, "right")
    return found / (2 * scores.shape[1])


def _mean_auc(means: Mapping[str, float]) -> float:
    """Over s ≥ 1."""
    known = [value for name, value in means.items() if name.startswith(f"{AUC}/") and name != f"{AUC}/0"]
    return round(float(np.mean(known)), 9) if known else 0.0
