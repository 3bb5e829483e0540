"""Attention of a filter, to the items of a user's support."""

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers
from tasks.explanation.contributions import entries_at
from tasks.explanation.explained import AttentionPart


def item_attention(part: AttentionPart, users: NewUsers) -> NDArray[np.float64]:
    """Attention to each real item of one block of users, whatever is recommended: float64 (N,), at least 0.

    A user's sum to at most 1: the rest goes to neighbours and virtual items.
    """
    attention = part.fitted.attention(part.completed(users))
    return entries_at(attention.items, users.rows.row_of_entry, users.items)
