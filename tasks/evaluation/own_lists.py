"""Lists that somebody else's recommender made, as one more method."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, OUTSIDE, Evidence, NewUsers, Ragged, TopK
from tasks.recommenders.ranking import check_filters


@dataclass(frozen=True, slots=True)
class OwnLists:
    """A ranker that looks lists up: one list per user, made for one number of shots.

    Items of the support are left out and what follows moves up, as for every method. An item outside the catalogue
    keeps its place and is a miss there: the shop would have shown it. A user without a list gets none.

    Attributes:
        n_items: Size I of the catalogue.
        users: uint64 (n,), ascending and distinct: who has a list, by the numbers in ``NewUsers.ids``.
        rows: Boundaries of their lists, n rows.
        items: int32 (N,), best first: rows of the catalogue, or ``OUTSIDE``.

    """

    n_items: int
    users: NDArray[np.uint64]
    rows: Ragged
    items: NDArray[np.int32]

    def __post_init__(self) -> None:
        if (self.users[1:] <= self.users[:-1]).any():
            raise ValueError("users must ascend and be distinct")
        if self.rows.rows != len(self.users) or self.rows.indptr[-1] != len(self.items):
            raise ValueError(
                f"expected {len(self.users)} lists with {self.rows.indptr[-1]} items together, got {self.rows.rows} "
                f"lists and {len(self.items)} items"
            )
        if len(self.items) and (self.items.min() < OUTSIDE or self.items.max() >= self.n_items):
            raise ValueError(f"items must be below {self.n_items}, or {OUTSIDE}, got up to {self.items.max()}")

    def top_k(
        self,
        users: NewUsers,
        k: int,
        *,
        exclude: NDArray[np.bool_] | None = None,
        allow: NDArray[np.bool_] | None = None,
        seed: int = 0,
        mask_support: bool = True,
    ) -> TopK:
        """The first k items of each user's list; see ``Ranker``.

        ``NO_ITEM`` stands where a list has ended, and in the place of an item outside the catalogue. Scores say the
        place, 0 and below; evidence is real behaviour throughout, as nothing else is known.

        Raises:
            ValueError: k is below 1, or a filter is not bool (I,).

        """
        del seed  # given lists have no ties
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        row, items = self._lists_of(users)
        kept = self._allowed(exclude, allow)[items]  # OUTSIDE reads the last entry
        if mask_support:
            listed, shown = row * self.n_items + items, users.rows.row_of_entry * self.n_items + users.items
            kept &= (items == OUTSIDE) | ~np.isin(listed, shown)
        row, items = row[kept], items[kept]
        place = Ragged.from_lengths(np.bincount(row, minlength=len(users))).position_in_row
        first = place < k
        row, items, place = row[first], items[first], place[first]
        lists = TopK.unfilled(len(users), k)
        lists.ids[row, place] = np.where(items == OUTSIDE, NO_ITEM, items)
        lists.scores[row, place] = -place
        lists.evidence[row, place] = Evidence.REAL
        return lists

    def _lists_of(self, users: NewUsers) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Row in ``users`` and item of each entry of their lists, list after list, best first."""
        position = np.searchsorted(self.users, users.ids)
        known = np.flatnonzero(np.isin(users.ids, self.users))
        lengths = self.rows.lengths[position[known]]
        return np.repeat(known, lengths), self.items[self.rows.entries_of(position[known])]

    def _allowed(self, exclude: NDArray[np.bool_] | None, allow: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """Whether each item may be listed, bool (I + 1,); the last entry is about items outside the catalogue."""
        check_filters(self.n_items, exclude, allow)
        allowed = np.ones(self.n_items + 1, dtype=np.bool_)
        if allow is not None:
            allowed[:-1], allowed[-1] = allow, False
        if exclude is not None:
            allowed[:-1] &= ~exclude
        return allowed
