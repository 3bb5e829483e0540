"""How likely an item is as items of the support are taken away, or added to none, in one order or another.

To take away the first k items of an order is to keep the last n − k of it, and to add the first k is to keep these. So
all curves of a user are read off the scores with subsets kept: the head, the tail of an order, and of random orders.
Subsets that several orders share are scored once.

Scores are read as log-odds, as the gate of the hybrid fits them and as the generator gives them: the log of the
softmax over all items but the whole support is the log probability that the item is the next one, in nats. What every
score of a user shares, and what changes with the number of known events alone, drops out of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightning_modules.noise import derived_seed, user_noise
from tasks.domain import NewUsers
from tasks.recommenders.ranking import blocks

Floats = NDArray[np.float64]
Score = Callable[[NewUsers], NDArray[np.floating]]
"""Scores of one block of users, float (B, I): log-odds."""

_STEPS = 5
"""Points at most between none and all of a support: longer ones are taken away in portions."""
_TIES, _RANDOM = 1, 2


@dataclass(frozen=True, slots=True)
class Kept:
    """Log probability of one item per user with only some of the support kept, none to all in K steps.

    It is told beside that with the whole support: 0 at the last step.

    Attributes:
        shares: float64 (K + 1,), share of the support that is kept, 0 … 1.
        head: float64 (U, K + 1), the first of the order are kept.
        tail: float64 (U, K + 1), the last of the order are kept.
        chance: float64 (U, K + 1), mean over random orders.

    """

    shares: Floats
    head: Floats
    tail: Floats
    chance: Floats


def orders_of(users: NewUsers, weights: Floats, seed: int) -> NDArray[np.int64]:
    """Places of the support from the largest weight to the smallest, int64 (U, n); equal ones in random order.

    Args:
        users: U users with n items each.
        weights: float64 (N,), in the order of the supports.
        seed: Seeds the order of equal weights, together with the user.

    """
    wide = weights.reshape(len(users), -1)
    chance = user_noise(users.ids, seed=derived_seed(seed, _TIES), draws=1, dimensions=wide.shape[1])[0]
    return np.lexsort((chance, -wide), axis=1)


def random_orders(users: NewUsers, length: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Random orders of supports of one length, int64 (draws, U, n); they depend on (user, seed) alone."""
    noise = user_noise(users.ids, seed=derived_seed(seed, _RANDOM), draws=draws, dimensions=length)
    return np.argsort(noise, axis=2)


def steps_of(length: int) -> NDArray[np.int64]:
    """Numbers of items that are kept, none to all; the first and the last step are of one item."""
    between = np.linspace(1, length - 1, min(length - 1, _STEPS))
    return np.unique(np.concatenate([[0], np.round(between), [length]])).astype(np.int64)


def keep(
    score: Score,
    users: NewUsers,
    items: NDArray[np.integer],
    orders: Sequence[NDArray[np.int64]],
    chances: NDArray[np.int64],
    n_items: int,
) -> list[Kept]:
    """Score an item per user with the heads and tails of orders kept.

    Args:
        score: The scorer.
        users: U users with n items each; one that is there several times, for several items, is scored once.
        items: Rows of the catalogue, (U,).
        orders: One or more, int64 (U, n) each.
        chances: Random orders, int64 (R, U, n), shared by all.
        n_items: Size I of the catalogue.

    """
    length = orders[0].shape[1]
    steps = steps_of(length)
    masks = [_heads(order, steps) for order in (*orders, *(order[:, ::-1] for order in orders), *chances)]
    shape = (len(masks), len(users), len(steps))
    wide = np.stack(masks).reshape(-1, length)
    rows = np.broadcast_to(np.arange(len(users))[None, :, None], shape).reshape(-1)
    raw = _scores(score, users, items, rows, wide, n_items).reshape(shape)
    told = raw - raw[0, :, -1:]
    count = len(orders)
    chance = told[2 * count :].mean(axis=0)
    return [Kept(steps / length, told[place], told[count + place], chance) for place in range(count)]


def _heads(order: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places are among the first, bool (U, K + 1, n)."""
    rank = np.argsort(order, axis=1)
    return rank[:, None, :] < steps[:, None]


def _scores(
    score: Score,
    users: NewUsers,
    items: NDArray[np.integer],
    rows: NDArray[np.integer],
    masks: NDArray[np.bool_],
    n_items: int,
) -> Floats:
    """Log probability of the item of user ``rows`` with the places of a mask kept, float64 (M,)."""
    _, same = np.unique(users.ids, return_inverse=True)
    keys = np.concatenate([same[rows, None].astype("<u4").view(np.uint8), np.packbits(masks, axis=1)], axis=1)
    _, first, subset = np.unique(_as_one(keys), return_index=True, return_inverse=True)
    by_subset = np.argsort(subset, kind="stable")
    ends = np.searchsorted(subset[by_subset], np.arange(len(first) + 1))
    found = np.empty(len(rows))
    for block in blocks(len(first), n_items):
        chosen = first[block]
        whole = users.select(rows[chosen])
        scores = np.array(score(whole.keeping(masks[chosen].ravel())), dtype=np.float32)
        scores[whole.rows.row_of_entry, whole.items] = -np.inf
        asked = by_subset[ends[block.start] : ends[block.stop]]
        row = subset[asked] - block.start
        found[asked] = scores[row, items[rows[asked]]] - _log_norm(scores)[row]
    return found


def _as_one(keys: NDArray[np.uint8]) -> NDArray[np.void]:
    """Rows of bytes as one value each."""
    return np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1])))[:, 0]


def _log_norm(scores: NDArray[np.float32]) -> Floats:
    """Log of the sum of the exponentials of each row of (B, I), float64 (B,)."""
    largest = scores.max(axis=1, keepdims=True)
    norm: Floats = np.log(np.exp(scores - largest).sum(axis=1, dtype=np.float64)) + largest[:, 0]
    return norm
