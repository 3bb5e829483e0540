"""How likely users are to take certain items next: comparable between users, which scores of lists are not."""

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers
from tasks.hybrid.choice import choice_probabilities
from tasks.model_format import Model
from tasks.recommenders.ranking import BlockRanker, blocks


def next_choice(model: Model, users: NewUsers, rows: NDArray[np.integer]) -> NDArray[np.float64]:
    """The probability that a user's next new item is one of these, 0 … 1, (U,); see ``choice_probabilities``.

    Args:
        model: The model.
        users: U users.
        rows: Rows of the items asked about.

    """
    ranker: BlockRanker = model.hybrid if model.hybrid is not None else model.recommender
    items = len(model.items)
    found = np.zeros(len(users))
    for block in blocks(len(users), items):
        some = users.select(np.arange(block.start, block.stop))
        if model.hybrid is None:
            some = some.with_virtual(model.virtual(some))
        scores = np.empty((len(some), items), dtype=np.float32)
        ranker.score_into(some, scores)
        found[block] = choice_probabilities(scores, some, rows).sum(axis=1)
    return found
