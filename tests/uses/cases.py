"""Users of the block world before rankers whose scores are known."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, Posed
from tasks.evaluation.methods import Method, Ranker
from tasks.recommenders.ranking import BlockRanker, EvidenceOf
from tasks.uses.use import Case
from tests.worlds import block_new_users

ITEMS, BLOCKS = 60, 3


class ScoresRanker(BlockRanker):
    """Scores by a function of the users."""

    def __init__(self, score: Callable[[NewUsers], NDArray[np.floating]], n_items: int = ITEMS) -> None:
        self.score, self.n_items = score, n_items

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        out[...] = self.score(users)
        return lambda ids: np.zeros(ids.shape, dtype=np.uint8)


def knows_targets(posed: Posed) -> ScoresRanker:
    """1 for what the user takes, 0 for the rest."""
    return ScoresRanker(lambda users: posed.targets[users.ids.astype(np.int64)].toarray())


def knows_blocks() -> ScoresRanker:
    """1 for items of the user's block, 0 for the others: the true order of the block world."""
    return ScoresRanker(lambda users: np.arange(ITEMS) % BLOCKS == (users.ids.astype(np.int64) % BLOCKS)[:, None])


def constant() -> ScoresRanker:
    """The same of everything."""
    return ScoresRanker(lambda users: np.zeros((len(users), ITEMS)))


def case(*posed: Posed, ranker: Ranker | None = None) -> Case:
    """These users before a ranker; before a yardstick without one."""
    warm = np.arange(1, ITEMS + 1, dtype=np.int64)
    answers = None if ranker is None else (lambda one: Method(ranker))
    return Case(posed, answers, warm, lambda one: one.population)


def world(*shots: int | None, users: int = 150) -> tuple[Posed, ...]:
    """The same new users at several numbers of shots."""
    return tuple(block_new_users(users=users, shots=one) for one in shots)
