"""Scores of whatever ranks, block by block: no array of all users × all items is ever held."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers
from tasks.evaluation.methods import Ranker
from tasks.evaluation.routing import RoutingRanker
from tasks.recommenders.ranking import BlockRanker, block_length, blocks


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores of one block of users.

    Attributes:
        rows: int64 (B,), positions of the users among all that were asked about.
        users: The users of the block.
        scores: float32 (B, I), nothing masked; the buffer is used again for the next block.
        by: What scored them: behind one method there may be several.

    """

    rows: NDArray[np.int64]
    users: NewUsers
    scores: NDArray[np.float32]
    by: BlockRanker


def scored(ranker: Ranker, users: NewUsers) -> Iterator[Scored]:
    """Every user once, in blocks.

    Raises:
        TypeError: The ranker gives lists without scores (somebody's own lists).

    """
    return _scored(ranker, users, np.arange(len(users), dtype=np.int64))


def _scored(ranker: Ranker, users: NewUsers, rows: NDArray[np.int64]) -> Iterator[Scored]:
    if isinstance(ranker, RoutingRanker):
        for chosen, own in ranker.routes(users):
            if chosen.any():
                yield from _scored(own, users.select(chosen), rows[chosen])
        return
    if not isinstance(ranker, BlockRanker):
        raise TypeError(f"expected a ranker with scores, got {type(ranker).__name__}")
    buffer = np.empty((min(block_length(ranker.n_items), max(len(users), 1)), ranker.n_items), dtype=np.float32)
    for block in blocks(len(users), ranker.n_items):
        some = users.select(np.arange(block.start, block.stop))
        scores = buffer[: len(some)]
        ranker.score_into(some, scores)
        yield Scored(rows[block], some, scores, ranker)
