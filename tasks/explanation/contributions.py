"""What each item of a profile, and each neighbour, carries of a filter's interest in one item.

A filter that adds up its profile is taken apart exactly; for others an item's contribution is what the interest loses
without it. A filter of a new kind registers its own way with ``contributions.register``.
"""

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NewUsers, Ragged, VirtualBehaviour
from tasks.recommenders.attention.attention_filter import FittedAttention
from tasks.recommenders.collaborative import CollaborativeFilter, Interest, Profiles
from tasks.recommenders.item_knn import FittedItemKNN
from tasks.recommenders.similarity import Rows
from tasks.recommenders.user_knn import FittedUserKNN

_MOST_LEFT_OUT = 50
"""Profiles longer than this are taken apart by their newest items only, where that costs a score for each."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """Parts of one user's interest in one item.

    Attributes:
        items: Rows of profile items, real and virtual, (n,).
        item_values: What each carries, (n,).
        neighbours: Rows of users, (m,).
        neighbour_values: What each carries, (m,).
        held: CSR (U, I), what the users hold; None where there are no neighbours.

    """

    items: NDArray[np.integer]
    item_values: NDArray[np.floating]
    neighbours: NDArray[np.integer]
    neighbour_values: NDArray[np.floating]
    held: csr_array | None = None


def _no_neighbours(items: NDArray[np.integer], values: NDArray[np.floating]) -> Contributions:
    return Contributions(items, values, np.zeros(0, dtype=np.int64), np.zeros(0))


def interest_in(interest: Interest, item: int) -> NDArray[np.float64]:
    """Interest of each user of a block in one item, at least 0, (B,)."""
    total = interest.total
    column = total[:, item] if isinstance(total, np.ndarray) else total[:, [item]].toarray()[:, 0]
    return np.maximum(column.astype(np.float64), 0)


@singledispatch
def contributions(fitted: Any, users: NewUsers, item: int) -> Contributions:
    """Take the interest of one user in one item apart.

    Args:
        fitted: A collaborative filter.
        users: One user, perhaps with virtual behaviour.
        item: Row of the catalogue.

    """
    if not isinstance(fitted, CollaborativeFilter):
        raise TypeError(f"expected a collaborative filter, got {type(fitted).__name__}")
    return _by_leaving_out(fitted, users, item)


def _by_leaving_out(fitted: CollaborativeFilter, users: NewUsers, item: int) -> Contributions:
    own = users.items[-_MOST_LEFT_OUT:]
    made_up = np.zeros(0, dtype=np.int32) if users.virtual is None else users.virtual.matrix.indices[:_MOST_LEFT_OUT]
    whole = interest_in(fitted.interest(users), item)[0]
    without = [_without_own(users, int(one)) for one in own] + [_without_virtual(users, int(one)) for one in made_up]
    values = [whole - interest_in(fitted.interest(one), item)[0] for one in without]
    return _no_neighbours(np.concatenate([own, made_up]), np.array(values))


@contributions.register
def _(fitted: FittedItemKNN, users: NewUsers, item: int) -> Contributions:
    profile = Profiles.of(users, fitted.n_items).whole
    similar = fitted.similar[profile.indices][:, [item]].toarray()[:, 0]
    return _no_neighbours(profile.indices, profile.data * similar)


@contributions.register
def _(fitted: FittedUserKNN, users: NewUsers, item: int) -> Contributions:
    profile = Profiles.of(users, fitted.n_items).whole
    queries = Rows(profile, fitted._similarity)
    similar = fitted._warm.of(queries)
    held = fitted.behaviour[similar.indices]
    takes = held[:, [item]].toarray()[:, 0]
    values = similar.data * takes
    # A neighbour is one because of the items that both hold: each carries its part of the overlap.
    overlap = held[:, profile.indices].toarray() * profile.data
    total = overlap.sum(axis=1, keepdims=True)
    share = np.divide(overlap, total, out=np.zeros_like(overlap), where=total > 0)
    found = values > 0
    return Contributions(profile.indices, values @ share, similar.indices[found], values[found], fitted.behaviour)


@contributions.register
def _(fitted: FittedAttention, users: NewUsers, item: int) -> Contributions:
    attention = fitted.attention(users)
    items, neighbours = attention.items, attention.neighbours
    of_items = items.data * fitted.similar_shares[items.indices][:, [item]].toarray()[:, 0]
    of_neighbours = neighbours.data * fitted.held_shares[neighbours.indices][:, [item]].toarray()[:, 0]
    found = of_neighbours > 0
    return Contributions(items.indices, of_items, neighbours.indices[found], of_neighbours[found], fitted.behaviour)


def _without_own(users: NewUsers, item: int) -> NewUsers:
    kept = users.items != item
    return replace(
        users,
        rows=Ragged(np.array([0, kept.sum()], dtype=np.int64)),
        items=users.items[kept],
        times=None if users.times is None else users.times[kept],
        weights=users.weights[kept],
    )


def _without_virtual(users: NewUsers, item: int) -> NewUsers:
    virtual = users.virtual
    assert virtual is not None
    kept = virtual.matrix.indices != item
    matrix = csr_array(
        (virtual.matrix.data[kept], virtual.matrix.indices[kept], [0, int(kept.sum())]), shape=virtual.matrix.shape
    )
    return users.with_virtual(VirtualBehaviour(matrix, virtual.origin, virtual.seed))
