"""Lists that a shop might put before a user: what the user will take, mixed with other items.

The lists hang on the user and the items alone. Every method, seed and number of shots orders the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, Posed, Ragged
from tasks.recommenders.ranking import block_length
from tasks.recommenders.ties import tie_keys, user_salts

_SEED = 20_021
_LARGEST = 2.0**63


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Lists of the users of one posed question.

    Attributes:
        rows: Boundaries, one list per user.
        items: int32 (N,), rows of the catalogue, distinct within a list.
        is_target: bool (N,), whether the user takes it.

    """

    rows: Ragged
    items: NDArray[np.int32]
    is_target: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Decoys:
    """Items that users do not take.

    Attributes:
        users: uint64 (V,), ids, ascending.
        items: int32 (V, N), ``NO_ITEM`` where the catalogue ran out.

    """

    users: NDArray[np.uint64]
    items: NDArray[np.int32]

    @classmethod
    def drawn(cls, posed: Sequence[Posed], weights: NDArray[np.floating], count: int) -> "Decoys":
        """Draw items for every user, without replacement, with chances as ``weights`` (Efraimidis and Spirakis 2006).

        What a user is shown or takes at any number of shots is never a decoy, so that the same decoys serve them all.

        Args:
            posed: The question at every number of shots.
            weights: float (I,), at least 0; 0 is never drawn.
            count: Decoys per user.

        """
        users = np.unique(np.concatenate([one.users.ids for one in posed]))
        held = [_held(one, users) for one in posed]
        row, item = (np.concatenate([part[place] for part in held]) for place in (0, 1))
        order = np.argsort(row, kind="stable")
        row, item = row[order], item[order]
        starts = np.searchsorted(row, np.arange(len(users) + 1))
        catalogue, most = np.arange(len(weights)), min(count, len(weights))
        found = np.full((len(users), count), NO_ITEM, dtype=np.int32)
        step = block_length(2 * len(weights))  # keys are float64
        for first in range(0, len(users), step):
            last = min(first + step, len(users))
            salts = user_salts(users[first:last], _SEED)
            uniform = (tie_keys(salts[:, None], catalogue) + 0.5) / _LARGEST
            with np.errstate(divide="ignore"):
                keys = np.log(uniform) / weights
            own = slice(starts[first], starts[last])
            keys[row[own] - first, item[own]] = -np.inf
            best = np.argpartition(-keys, most - 1, axis=1)[:, :most]
            drawable = np.isfinite(np.take_along_axis(keys, best, axis=1))
            found[first:last, :most] = np.where(drawable, best, NO_ITEM)
        return cls(users, found)

    def lists(self, posed: Posed) -> Lists:
        """What each user takes, and the user's decoys."""
        place = np.searchsorted(self.users, posed.users.ids)
        decoys = self.items[place]
        there = decoys != NO_ITEM
        lengths = np.diff(posed.targets.indptr)
        row = np.concatenate([np.repeat(np.arange(len(lengths)), lengths), np.nonzero(there)[0]])
        items = np.concatenate([posed.targets.indices, decoys[there]]).astype(np.int32)
        is_target = np.arange(len(items)) < posed.targets.nnz
        order = np.argsort(row, kind="stable")
        rows = Ragged.from_lengths(lengths + there.sum(axis=1))
        return Lists(rows, items[order], is_target[order])


def _held(posed: Posed, users: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places among ``users`` and items of everything that is shown or taken."""
    place = np.searchsorted(users, posed.users.ids)
    shown, taken = posed.users.rows.lengths, np.diff(posed.targets.indptr)
    items = np.concatenate([posed.users.items, posed.targets.indices]).astype(np.int64)
    return np.concatenate([np.repeat(place, shown), np.repeat(place, taken)]), items
