"""What the attention of one profile adds, compiled; ``tasks.recommenders.attention`` says what it means."""

import math
from typing import Any

import numpy as np

from tasks.compiled import njit
from tasks.hybrid.online.alike import most_alike
from tasks.hybrid.online.kernels import gather, release

_compiled: Any = njit(cache=True, nogil=True)
_DAY = 86_400_000_000.0
_SMALLEST = np.float32(1e-6)
_HELD, _SEEN, _CATEGORIES = 0, 1, 2
"""Columns of what is known about warm users."""


@_compiled
def add_attended(
    met: Any, hood: Any, profile: Any, asked: Any, about: Any, item_looks: Any, learned: Any, balance: float,
    held: Any, alike: Any, room: Any, place_of: Any, weight: Any, out: Any,
) -> int:  # fmt: skip
    """Add weight · interest / the user's largest interest.

    Args:
        met: What ``alike.meet`` tells.
        hood: What ``alike.most_alike`` takes beside it: shrink, most, boundaries of the rows and their items.
        profile: Items int32 (n,), rising; weights float32; places from the last event float32, 0 of virtual items.
        asked: Time of the user int64 (1,), or (0,) without; and categories int32 (F,).
        about: float64 (U, 2 + F), of warm users: log(1 + items held), when last seen or nan, and categories; together,
            as one of them is looked up after the other.
        item_looks: log(users) float32 (I,); boundaries, items and values of the items' neighbours.
        learned: float64 (7,), weights of what speaks for a neighbour (4) and for an item (3).
        balance: How much neighbours count against items, 0 … 1.
        held: Boundaries, items and values of what each warm user speaks of.
        alike: The same of what each item speaks of.
        room: As ``Room.arrays`` tells it.
        place_of: int32 (I,), zeros, and left so.
        weight: float32.
        out: float32 (I,), added to.

    Returns:
        How many items were touched; they stand in ``room``.

    """
    sums, others, seen, touched = room
    rows, similar = most_alike(*met, *hood[:2], profile[0], *hood[2:], place_of)
    near = _neighbours(rows, similar, about, asked, learned[:4], np.float32(balance))
    own = _own_items(profile, item_looks, learned[4:], np.float32(1 - balance), place_of)
    count = gather(0, len(rows), rows, near, *held, sums, seen, touched, 0)
    # Each is summed by itself, then both.
    count = gather(0, len(own), profile[0], own, *alike, others, seen, touched, count)
    for place in range(count):
        column = touched[place]
        sums[column] += others[column]
        others[column] = 0
    release(weight, sums, seen, touched, count, out)
    return int(count)


@_compiled
def _shared_out(logits: Any, share: Any) -> Any:
    """Softmax of float64 logits, float32, times a share."""
    found = np.empty(len(logits), np.float32)
    if len(logits) == 0:
        return found
    largest = logits.max()
    total = 0.0
    for entry in range(len(logits)):
        logits[entry] = math.exp(logits[entry] - largest)
        total += logits[entry]
    for entry in range(len(logits)):
        found[entry] = np.float32(logits[entry] / total) * share
    return found


@_compiled
def _neighbours(rows: Any, similar: Any, about: Any, asked: Any, learned: Any, share: Any) -> Any:
    """Weights of the warm users most alike, float32."""
    now, known = asked
    logits = np.empty(len(rows), np.float64)
    width = len(known)
    for entry in range(len(rows)):
        one = about[rows[entry]]
        days = np.float32(0)
        if len(now) > 0 and not math.isnan(one[_SEEN]):
            days = np.float32(math.log1p(abs(now[0] - one[_SEEN]) / _DAY))
        same = 0
        for column in range(width):
            if one[_CATEGORIES + column] == known[column] and known[column] > 0:
                same += 1
        common = np.float32(same) / np.float32(width) if width else np.float32(0)
        likeness = np.float32(math.log(max(similar[entry], _SMALLEST)))
        logits[entry] = likeness * learned[0] + one[_HELD] * learned[1] + days * learned[2] + common * learned[3]
    return _shared_out(logits, share)


@_compiled
def _own_items(profile: Any, item_looks: Any, learned: Any, share: Any, place_of: Any) -> Any:
    """Weights of the profile's own items, float32."""
    (items, weights, from_end), (log_users, starts, columns, values) = profile, item_looks
    logits, coherence = np.empty(len(items), np.float64), np.zeros(len(items), np.float32)
    others = np.float32(max(len(items) - 1, 1))
    for at in range(len(items)):
        place_of[items[at]] = at + 1
    for item in items:
        for place in range(starts[item], starts[item + 1]):
            at = place_of[columns[place]]
            if at > 0:
                coherence[at - 1] += values[place]
    for item in items:
        place_of[item] = 0
    for entry in range(len(items)):
        late = np.float32(math.log1p(from_end[entry]))
        near = coherence[entry] / others
        logits[entry] = (
            log_users[items[entry]] * learned[0] + late * learned[1] + near * learned[2]
            + np.float32(math.log(max(weights[entry], _SMALLEST)))
        )  # fmt: skip
    return _shared_out(logits, share)
