"""What each item of a profile, and each neighbour, carries of a filter's interest in one item per user.

A filter that adds up its profile is taken apart exactly; for others an item's contribution is what the interest loses
without it. A filter of a new kind registers its own way with ``contributions.register``.
"""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NewUsers, VirtualBehaviour
from tasks.recommenders.attention.attention_filter import FittedAttention
from tasks.recommenders.collaborative import CollaborativeFilter, Interest, Profiles
from tasks.recommenders.ease import FittedEASE
from tasks.recommenders.item_knn import FittedItemKNN
from tasks.recommenders.ranking import blocks
from tasks.recommenders.user_knn import FittedUserKNN

_MOST_LEFT_OUT = 50
"""Profiles longer than this are taken apart by their newest items only, where that costs a score for each."""

Items = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Contributions:
    """Parts of each user's interest in one item.

    Attributes:
        items: CSR (B, I), sorted indices: what each item of the profile carries, real and virtual.
        neighbours: CSR (B, U), what each neighbour carries, above 0; None where there are no neighbours.
        held: CSR (U, I), what the neighbours hold; None where there are none.

    """

    items: csr_array
    neighbours: csr_array | None = None
    held: csr_array | None = None

    def of_support(self, users: NewUsers) -> NDArray[np.float64]:
        """What the real items of the same users carry, in the order of their supports, float64 (N,)."""
        return entries_at(self.items, users.rows.row_of_entry, users.items)


def interest_at(interest: Interest, items: Items) -> NDArray[np.float64]:
    """Interest of each user of a block in an item of their own, at least 0, float64 (B,)."""
    return np.maximum(entries_at(interest.total, np.arange(len(items)), items), 0)


def entries_at(matrix: csr_array | NDArray[np.floating], rows: Items, columns: Items) -> NDArray[np.float64]:
    """Single entries of a matrix, float64 (n,); 0 where nothing is stored."""
    if not len(rows):
        return np.zeros(0)
    return np.asarray(matrix[rows, columns], dtype=np.float64).ravel()


@singledispatch
def contributions(fitted: Any, users: NewUsers, items: Items) -> Contributions:
    """Take the interest of a block of users, each in one item, apart.

    Args:
        fitted: A collaborative filter.
        users: B users, perhaps with virtual behaviour.
        items: Rows of the catalogue, (B,).

    """
    if not isinstance(fitted, CollaborativeFilter):
        raise TypeError(f"expected a collaborative filter, got {type(fitted).__name__}")
    return Contributions(_by_leaving_out(fitted, users, items))


@contributions.register
def _(fitted: FittedItemKNN, users: NewUsers, items: Items) -> Contributions:
    return Contributions(_linear(Profiles.of(users, fitted.n_items).whole, fitted.similar, items))


@contributions.register
def _(fitted: FittedEASE, users: NewUsers, items: Items) -> Contributions:
    return Contributions(_linear(Profiles.of(users, fitted.n_items).whole, fitted.weights, items))


@contributions.register
def _(fitted: FittedUserKNN, users: NewUsers, items: Items) -> Contributions:
    profile = Profiles.of(users, fitted.n_items).whole
    similar = fitted.similar_users(profile)
    neighbours = _above_zero(_linear(similar, fitted.behaviour, items))
    # A neighbour is one because of the items that both hold: each carries its part of the overlap.
    rows = _rows_of(neighbours)
    overlap = np.asarray(profile[rows].multiply(fitted.behaviour[neighbours.indices]).sum(axis=1)).ravel()
    shares = csr_array((neighbours.data / overlap, neighbours.indices, neighbours.indptr), shape=neighbours.shape)
    carried = entries_at(csr_array(shares @ fitted.behaviour), _rows_of(profile), profile.indices)
    return Contributions(_with_values(profile, profile.data * carried), neighbours, fitted.behaviour)


@contributions.register
def _(fitted: FittedAttention, users: NewUsers, items: Items) -> Contributions:
    attention = fitted.attention(users)
    return Contributions(
        _linear(attention.items, fitted.similar_shares, items),
        _above_zero(_linear(attention.neighbours, fitted.held_shares, items)),
        fitted.behaviour,
    )


def _linear(places: csr_array, says: csr_array | NDArray[np.floating], items: Items) -> csr_array:
    """Places (B, N) times what each of them says (N, I) of the user's item: the parts of a product."""
    return _with_values(places, places.data * entries_at(says, places.indices, items[_rows_of(places)]))


def _rows_of(matrix: csr_array) -> NDArray[np.int64]:
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))


def _with_values(matrix: csr_array, values: NDArray[np.floating]) -> csr_array:
    return csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _above_zero(matrix: csr_array) -> csr_array:
    kept = _with_values(matrix, np.maximum(matrix.data, 0)).copy()
    kept.eliminate_zeros()
    return kept


def _by_leaving_out(fitted: CollaborativeFilter, users: NewUsers, items: Items) -> csr_array:
    """CSR (B, I): what the interest loses without each item of the profile."""
    shape, whole = (len(users), fitted.n_items), _interests(fitted, users, items)
    counted = users.rows.lengths[users.rows.row_of_entry] - users.rows.position_in_row <= _MOST_LEFT_OUT
    entries = np.flatnonzero(counted)
    rows, columns = [users.rows.row_of_entry[entries]], [users.items[entries]]
    values = [whole[rows[0]] - _interests(fitted, _without_entries(users, entries), items[rows[0]])]
    if users.virtual is not None:
        made_up = users.virtual.matrix
        position = np.arange(made_up.nnz) - made_up.indptr[_rows_of(made_up)]
        entries = np.flatnonzero(position < _MOST_LEFT_OUT)
        own = _rows_of(made_up)[entries]
        rows.append(own)
        columns.append(made_up.indices[entries])
        values.append(whole[own] - _interests(fitted, _without_virtual(users, users.virtual, entries), items[own]))
    found = csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
    found.sort_indices()
    return found


def _interests(fitted: CollaborativeFilter, users: NewUsers, items: Items) -> NDArray[np.float64]:
    found = np.zeros(len(users))
    for block in blocks(len(users), fitted.n_items):
        own = users.select(np.arange(block.start, block.stop))
        found[block] = interest_at(fitted.interest(own), items[block])
    return found


def _without_entries(users: NewUsers, entries: NDArray[np.int64]) -> NewUsers:
    """One row per entry: its user without it."""
    rows = users.rows.row_of_entry[entries]
    copies = users.select(rows)
    left_out = users.rows.position_in_row[entries][copies.rows.row_of_entry]
    return copies.keeping(copies.rows.position_in_row != left_out)


def _without_virtual(users: NewUsers, virtual: VirtualBehaviour, entries: NDArray[np.int64]) -> NewUsers:
    """One row per virtual entry: its user without it."""
    rows = _rows_of(virtual.matrix)[entries]
    matrix = csr_array(virtual.matrix[rows])
    matrix.data = np.where(matrix.indices == virtual.matrix.indices[entries][_rows_of(matrix)], 0, matrix.data)
    matrix.eliminate_zeros()
    return users.select(rows).with_virtual(VirtualBehaviour(matrix, virtual.origin, virtual.seed))
