"""Scores of the hybrid as what the gate is fitted to: the chance of each item to be the next one."""

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers


def choice_probabilities(
    scores: NDArray[np.float32], users: NewUsers, rows: NDArray[np.integer]
) -> NDArray[np.float64]:
    """The chance that a user's next new item is each of these: comparable between users, as scores are not.

    The gate is fitted as a choice among items (conditional logit), so the scores are its logits: the chance is their
    softmax over the items that the user does not have yet.

    Args:
        scores: float32 (B, I), nothing masked; overwritten.
        users: B users.
        rows: C rows of the items asked about.

    Returns:
        float64 (B, C), 0 … 1; 0 for what the user has.

    """
    scores[users.rows.row_of_entry, users.items] = -np.inf
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    return scores[:, rows] / scores.sum(axis=1, dtype=np.float64)[:, None]
