"""Where the attention of a few profiles goes, compiled; ``tasks.recommenders.attention`` says what it means."""

import math
from typing import Any

import numpy as np
from numba import njit

_compiled: Any = njit(cache=True, nogil=True)
_DAY = 86_400_000_000.0
_SMALLEST = np.float32(1e-6)


@_compiled
def _share_out(logits: Any, first: int, last: int, share: Any, out: Any) -> None:
    """Softmax of one user's logits, float32, times their share of the balance."""
    if first == last:
        return
    largest = logits[first]
    for entry in range(first, last):
        largest = max(largest, logits[entry])
    total = 0.0
    for entry in range(first, last):
        logits[entry] = math.exp(logits[entry] - largest)
        total += logits[entry]
    for entry in range(first, last):
        out[entry] = np.float32(logits[entry] / total) * share


@_compiled
def neighbours(
    indptr: Any, rows: Any, similar: Any, held: Any, last_seen: Any, categories: Any, now: Any, known: Any,
    learned: Any, balance: Any,
) -> Any:  # fmt: skip
    """Weights of the warm users most alike, float32, in the order of the entries.

    Args:
        indptr: Boundaries of the users' neighbours.
        rows: Which warm users.
        similar: float32, how much alike.
        held: float32 (U,), log(1 + items held).
        last_seen: int64 (U,), or of length 0 without times.
        categories: int32 (U, F).
        now: int64 (B,), or of length 0 without times.
        known: int32 (B, F), categories of the users who ask.
        learned: float64 (4,).
        balance: float32 (B,), how much neighbours count.

    """
    logits = np.empty(len(rows), np.float64)
    weights = np.empty(len(rows), np.float32)
    width = categories.shape[1]
    timed = len(last_seen) > 0 and len(now) > 0
    for user in range(len(indptr) - 1):
        for entry in range(indptr[user], indptr[user + 1]):
            row = rows[entry]
            days = np.float32(0)
            if timed:
                days = np.float32(math.log1p(abs(now[user] - last_seen[row]) / _DAY))
            same = 0
            for column in range(width):
                if categories[row, column] == known[user, column] and known[user, column] > 0:
                    same += 1
            share = np.float32(same) / np.float32(width) if width else np.float32(0)
            likeness = np.float32(math.log(max(similar[entry], _SMALLEST)))
            logits[entry] = (
                likeness * learned[0] + held[row] * learned[1] + days * learned[2] + share * learned[3]
            )  # fmt: skip
        _share_out(logits, indptr[user], indptr[user + 1], balance[user], weights)
    return weights


@_compiled
def own_items(
    indptr: Any, items: Any, weights: Any, from_end: Any, log_users: Any, starts: Any, columns: Any, values: Any,
    learned: Any, balance: Any, place_of: Any,
) -> Any:  # fmt: skip
    """Weights of the profiles' own items, float32, in the order of the entries.

    Args:
        indptr: Boundaries of the profiles.
        items: Their items, distinct within a profile.
        weights: float32, their weights.
        from_end: float32, places from the last event; 0 of virtual items.
        log_users: float32 (I,).
        starts: Boundaries of the items' neighbours.
        columns: Which items are alike.
        values: float32, how much.
        learned: float64 (3,).
        balance: float32 (B,), how much own items count.
        place_of: int32 (I,), zeros, and left so.

    """
    logits = np.empty(len(items), np.float64)
    shares = np.empty(len(items), np.float32)
    for user in range(len(indptr) - 1):
        first, last = indptr[user], indptr[user + 1]
        others = np.float32(max(last - first - 1, 1))
        own = items[first:last]
        coherence = np.zeros(last - first, np.float32)
        for at in range(len(own)):
            place_of[own[at]] = at + 1
        for item in own:
            for place in range(starts[item], starts[item + 1]):
                at = place_of[columns[place]]
                if at > 0:
                    coherence[at - 1] += values[place]
        for item in own:
            place_of[item] = 0
        for entry in range(first, last):
            late = np.float32(math.log1p(from_end[entry]))
            near = coherence[entry - first] / others
            logits[entry] = (
                log_users[items[entry]] * learned[0] + late * learned[1] + near * learned[2]
                + np.float32(math.log(max(weights[entry], _SMALLEST)))
            )  # fmt: skip
        _share_out(logits, first, last, balance[user], shares)
    return shares
