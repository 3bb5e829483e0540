"""Ordering a given list: what a user will take should stand above what was mixed among it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Posed
from tasks.method_names import HYBRID
from tasks.uses.given_lists import Decoys, Lists
from tasks.uses.order import expected_ndcg
from tasks.uses.scoring import scored
from tasks.uses.use import Case, Measured, frame_of, means_of, shots_of

K = 10
DECOYS = 100
"""Items that are mixed among those to be found."""
RANDOM = "random"
"""The yardstick that puts a list into any order."""


@dataclass(frozen=True)
class Rerank:
    """NDCG@10 of given lists."""

    name: str = "rerank"
    version: int = 1
    methods: tuple[str, ...] = (HYBRID, "user_knn_cosine", "popularity")
    with_references: bool = True
    yardsticks: tuple[str, ...] = (RANDOM,)
    unit: str = "users"
    figures: Mapping[str, str] = field(
        default_factory=lambda: {
            "ndcg_at_10_popular": f"NDCG@10, among {DECOYS} items drawn by popularity",
            "ndcg_at_10_random": f"NDCG@10, among {DECOYS} items drawn evenly",
        }
    )
    title: str = "Ordering a given list"
    explained: tuple[str, ...] = (
        f"What a user takes is mixed with {DECOYS} items that the user does not take, and the whole list is put into",
        "order. The same lists serve every method, seed and number of shots; items are drawn by popularity, as on a",
        "page of best sellers, or evenly from the catalogue. Popularity orders the second kind of list well for a",
        "reason that has nothing to do with the user: few of the drawn items are popular. Sampled lists measure this",
        "use, and do not stand in for ranking the whole catalogue, which the tables above do.",
    )

    def measure(self, name: str, reported: Case, half_a: Case) -> Measured:
        """As in ``Use``."""
        return Measured(self._frame(reported), means_of(self._frame(half_a)))

    def _frame(self, case: Case) -> pl.DataFrame:
        kinds = case.once(self.name, lambda: _decoys(case))
        places = [case.places(posed) for posed in case.posed]
        units = np.unique(np.concatenate(places))
        columns = {f"{figure}/{shots_of(one)}": np.full(len(units), np.nan) for figure in self.figures
                   for one in case.posed}  # fmt: skip
        for posed, own in zip(case.posed, places, strict=True):
            lists = [kind.lists(posed) for kind in kinds]
            rows = np.searchsorted(units, own)
            for figure, one, scores in zip(self.figures, lists, _scores(case, posed, lists), strict=True):
                columns[f"{figure}/{shots_of(posed)}"][rows] = expected_ndcg(one.rows, scores, one.is_target, K)
        return frame_of(units, columns)


def _decoys(case: Case) -> tuple[Decoys, Decoys]:
    """By popularity, and evenly."""
    by_popularity = case.warm_users.astype(np.float64)
    by_kind = (by_popularity, np.ones_like(by_popularity))
    first, second = (Decoys.drawn(case.posed, weights, DECOYS) for weights in by_kind)
    return first, second


def _scores(case: Case, posed: Posed, lists: list[Lists]) -> list[NDArray[np.float32]]:
    """Scores of the lists' entries, float32 (N,) each; all the same from the yardstick."""
    found = [np.zeros(len(one.items), dtype=np.float32) for one in lists]
    if case.method_for is not None:
        method, users = case.answering(posed)
        for block in scored(method.ranker, users):
            for one, scores in zip(lists, found, strict=True):
                entries = one.rows.entries_of(block.rows)
                row = np.repeat(np.arange(len(block.rows)), one.rows.lengths[block.rows])
                scores[entries] = block.scores[row, one.items[entries]]
    return found
