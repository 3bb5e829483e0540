"""Small worlds with a known answer, made directly as domain objects."""

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from tasks.domain import Histories, ItemFeatures, NewUsers, Posed, Ragged, Training, UserFeatures, Warm

DAY = 86_400_000_000
"""Microseconds."""


def block_histories(users: int, items: int, blocks: int, seed: int, length: int = 8) -> Histories:
    """Users of block ``user % blocks`` touch distinct items with ``item % blocks`` equal; half of them in visit 0."""
    random = np.random.default_rng(seed)
    own = items // blocks
    chosen = np.stack([random.permutation(own)[:length] for _ in range(users)])  # (U, length)
    chosen = chosen * blocks + (np.arange(users) % blocks)[:, None]
    visits = np.tile((np.arange(length) >= length // 2).astype(np.int32), users)
    first = np.repeat(20 * DAY + random.integers(0, 60, users) * DAY, length)
    entries = users * length
    return Histories(
        users=np.arange(users, dtype=np.int32),
        rows=Ragged.from_lengths(np.full(users, length)),
        items=chosen.ravel().astype(np.int32),
        times=first + visits.astype(np.int64) * 3 * DAY + np.tile(np.arange(length), users),
        visits=visits,
        weights=np.ones(entries, dtype=np.float32),
        is_target=np.ones(entries, dtype=np.bool_),
        repeat_rows=Ragged.from_lengths(np.zeros(users, dtype=np.int64)),
        repeat_items=np.zeros(0, dtype=np.int32),
    )


def block_features(users: int, blocks: int) -> UserFeatures:
    """One category that tells the block (1 … blocks), and one number that tells nothing."""
    categories = (np.arange(users) % blocks + 1).astype(np.int32)[:, None]
    return UserFeatures(categories, np.zeros((users, 1), dtype=np.float32))


def block_posed(histories: Histories, items: int, blocks: int, shots: int | None) -> Posed:
    """``next_visits``: the first ``shots`` items of visit 0 are shown, the items of visit 1 are the targets."""
    users = histories.rows.rows
    position, row = histories.rows.position_in_row, histories.rows.row_of_entry
    limit = np.iinfo(np.int64).max if shots is None else shots
    shown = (histories.visits == 0) & (position < limit)
    target = histories.visits == 1
    assert histories.times is not None
    supports = NewUsers(
        rows=Ragged.from_lengths(np.bincount(row[shown], minlength=users)),
        items=histories.items[shown],
        times=histories.times[shown],
        weights=histories.weights[shown],
        features=block_features(users, blocks),
        now=histories.times[histories.rows.indptr[:-1]],
        ids=histories.users.astype(np.uint64),
    )
    targets = csr_array(
        (np.ones(target.sum(), dtype=np.float32), (row[target], histories.items[target])), shape=(users, items)
    )
    nothing = np.zeros(users, dtype=np.int64)
    return Posed("next_visits", shots, np.arange(users), supports, targets, nothing, nothing)


def block_training(users: int = 120, items: int = 60, blocks: int = 3, seed: int = 0) -> Training:
    """Warm users of the block world with episodes at 0, 1, 3 and all shots."""
    histories = block_histories(users, items, blocks, seed)
    frame = pl.DataFrame(
        {"user_id": [f"u{n}" for n in range(users)], "segment": [f"s{n % blocks}" for n in range(users)]}
    )
    warm = Warm(histories, items, frame, np.ones(users, dtype=np.bool_), now=100 * DAY)
    episodes = tuple(block_posed(histories, items, blocks, shots) for shots in (0, 1, 3, None))
    return Training(warm, block_features(users, blocks), ItemFeatures.none(items), episodes)


def block_new_users(users: int = 30, items: int = 60, blocks: int = 3, seed: int = 1, shots: int | None = 3) -> Posed:
    """New users of the same world, with their targets."""
    return block_posed(block_histories(users, items, blocks, seed), items, blocks, shots)
