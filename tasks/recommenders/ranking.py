"""From scores to lists, over blocks of users: masking, top-k, ties. Knows nothing of where scores come from.

Equal scores are ordered by a seeded hash of (user, item), also where they straddle the end of the list, so
that a scorer that says the same of every item is no better and no worse than a random one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, Evidence, NewUsers, TopK
from tasks.recommenders.selection import largest
from tasks.recommenders.ties import settle_boundary, settle_within, user_salts

BLOCK_USERS = 250
"""Small enough for a block of scores to stay near the cache."""
BLOCK_BYTES = 32 * 2**20
"""Most that one block of scores may take; wide catalogues get smaller blocks."""

EvidenceOf = Callable[[NDArray[np.int32]], NDArray[np.uint8]]
"""From chosen items (B, k) to values of ``Evidence`` (B, k)."""


class BlockRanker(ABC):
    """Ranks the catalogue by scores that are computed one block of users at a time.

    Attributes:
        n_items: Size I of the catalogue.

    """

    n_items: int

    @abstractmethod
    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """Write the scores of one block into ``out`` (B, I) and return what explains chosen items.

        The explanation is asked once, before the buffer is used again.
        """

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
        """The k best items of each user, support items left out (virtual items are not).

        Args:
            users: Any number of new users; they are ranked in blocks.
            k: Length of the lists, at least 1.
            exclude: bool (I,), items that must not be recommended.
            allow: bool (I,), the only items that may be recommended.
            seed: Orders equal scores, together with the user's id and the item.
            mask_support: Whether support items are left out; False only to look at repeats.

        Returns:
            Lists padded with ``NO_ITEM`` (score -inf) where fewer than k items are allowed.

        Raises:
            ValueError: k is below 1, a filter is not bool (I,), or a score is nan or infinite.

        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        forbidden = _forbidden(self.n_items, exclude, allow)
        result = TopK.unfilled(len(users), k)
        # One more than asked, to see whether a tie straddles the end of the list. The buffers are reused: fresh
        # pages for every block cost more than the ranking itself.
        width, listed = min(k + 1, self.n_items), min(k, self.n_items)
        rows = min(block_length(self.n_items), max(len(users), 1))
        scores = np.empty((rows, self.n_items), dtype=np.float32)
        values = np.empty((rows, width), dtype=np.float32)
        order = np.empty((rows, width), dtype=np.int64)
        for block in blocks(len(users), self.n_items):
            size = block.stop - block.start
            chosen = users if size == len(users) else users.select(np.arange(block.start, block.stop))
            explain = self.score_into(chosen, scores[:size])
            if forbidden is not None:
                scores[:size, forbidden] = -np.inf
            if mask_support:
                scores[chosen.rows.row_of_entry, chosen.items] = -np.inf
            largest(scores[:size], values[:size], order[:size])
            _check_finite(values[:size], block.start)
            salts = user_salts(chosen.ids, seed)
            ids = settle_boundary(scores[:size], values[:size], order[:size], listed, salts)
            ids = settle_within(values[:size, :listed], ids, salts)
            ids[np.isneginf(values[:size, :listed])] = NO_ITEM
            result.ids[block, :listed] = ids
            result.scores[block, :listed] = values[:size, :listed]
            result.evidence[block, :listed] = np.where(ids == NO_ITEM, Evidence.POPULARITY, explain(ids))
        return result


def block_length(n_items: int) -> int:
    """Users per block for a catalogue of this size."""
    return max(1, min(BLOCK_USERS, BLOCK_BYTES // (4 * max(n_items, 1))))


def blocks(users: int, n_items: int) -> Iterator[slice]:
    """Consecutive slices of users, each a block."""
    length = block_length(n_items)
    for start in range(0, users, length):
        yield slice(start, min(start + length, users))


def check_filters(n_items: int, exclude: NDArray[np.bool_] | None, allow: NDArray[np.bool_] | None) -> None:
    """Filters say of every item of the catalogue whether they hold it.

    Raises:
        ValueError: One is not bool (I,).

    """
    for name, mask in (("exclude", exclude), ("allow", allow)):
        if mask is not None and (mask.dtype != np.bool_ or mask.shape != (n_items,)):
            raise ValueError(f"{name} must be bool ({n_items},), got {mask.dtype} {mask.shape}")


def _forbidden(
    n_items: int, exclude: NDArray[np.bool_] | None, allow: NDArray[np.bool_] | None
) -> NDArray[np.intp] | None:
    """Positions that no list may hold; None where all may be recommended."""
    check_filters(n_items, exclude, allow)
    if exclude is None and allow is None:
        return None
    forbidden = np.zeros(n_items, dtype=np.bool_)
    if exclude is not None:
        forbidden |= exclude
    if allow is not None:
        forbidden |= ~allow
    return np.flatnonzero(forbidden) if forbidden.any() else None


def _check_finite(values: NDArray[np.float32], start: int) -> None:
    """Torch sorts nan and +inf to the front, so the best scores tell."""
    bad = ~(values[:, 0] < np.inf)
    if bad.any():
        raise ValueError(
            f"scores must be finite, got {values[bad, 0][0]} for the user at position {start + np.flatnonzero(bad)[0]}"
        )
