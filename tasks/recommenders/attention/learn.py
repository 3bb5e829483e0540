"""Learning attention from warm users: their first items are the profile, what they took later the targets.

A warm user is among those everything is counted from. So that attention learns what it will meet with new users,
nobody is their own neighbour here, and item similarities are those that would stand without the user.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import Posed
from tasks.recommenders.attention.looks import Looks
from tasks.recommenders.attention.weights import COUNT, start
from tasks.recommenders.collaborative import Profiles

if TYPE_CHECKING:
    from tasks.recommenders.attention.attention_filter import FittedAttention

_BLOCK_USERS = 256
_ANY = 1e-3
"""Probability kept for what attention does not reach, spread by popularity: no target is impossible."""


@dataclass(frozen=True, slots=True)
class _Hits:
    """Which places lead to a target: place (an entry of the looks), target (a number), and with which probability."""

    place: NDArray[np.int64]
    target: NDArray[np.int64]
    share: NDArray[np.float64]


def learn(
    fitted: "FittedAttention", episodes: Sequence[Posed], item_shrink: float, ridge: float, most: int = 100
) -> NDArray[np.float64]:
    """Weights that make what warm users took later most likely; the start where there is nothing to learn from.

    Args:
        fitted: Untrained attention, for its looks and shares.
        episodes: The question posed to warm users, by number of shots.
        item_shrink: Of the similarities between items.
        ridge: Weight of the squared distance from the start, at least 0.
        most: Iterations at most.

    """
    from scipy.optimize import minimize

    parts = [
        _Part.of(fitted, posed, rows, item_shrink) for posed in episodes if posed.shots != 0 for rows in _blocks(posed)
    ]
    parts = [part for part in parts if len(part.user)]
    if not parts:
        return start()
    users = sum(part.users for part in parts)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        found = [part.loss(values) for part in parts]
        away = values - start()
        gradient = sum((one for _, one in found), np.zeros(COUNT)) / users + 2 * ridge * away
        return float(sum(value for value, _ in found) / users + ridge * np.square(away).sum()), gradient

    learned: NDArray[np.float64] = minimize(loss, start(), jac=True, method="L-BFGS-B", options={"maxiter": most}).x
    return learned


def _blocks(posed: Posed) -> list[NDArray[np.intp]]:
    asked = np.flatnonzero((np.diff(posed.targets.indptr) > 0) & (posed.users.shots > 0))
    return [asked[start : start + _BLOCK_USERS] for start in range(0, len(asked), _BLOCK_USERS)]


@dataclass(frozen=True, slots=True)
class _Part:
    """Episodes of a block of users at one number of shots."""

    neighbours: Looks
    items: Looks
    neighbour_hits: _Hits
    item_hits: _Hits
    user: NDArray[np.int64]  # of each target
    weight: NDArray[np.float64]  # of each target: 1 / targets of its user
    floor: NDArray[np.float64]  # of each target
    shots: NDArray[np.float64]  # of each target's user

    @property
    def users(self) -> int:
        return len(np.unique(self.user))

    @classmethod
    def of(cls, fitted: "FittedAttention", posed: Posed, rows: NDArray[np.intp], item_shrink: float) -> "_Part":
        users, own = posed.users.select(rows), posed.population[rows]
        targets = csr_array(posed.targets[rows])
        lengths = np.diff(targets.indptr)
        user = np.repeat(np.arange(len(rows), dtype=np.int64), lengths)
        profiles = Profiles.of(users, fitted.n_items)
        neighbours = fitted.neighbour_looks.of(users, profiles, own)
        items = fitted.item_looks.of(users, profiles)
        counts = np.bincount(fitted.behaviour.indices, minlength=fitted.n_items).astype(np.float64)
        return cls(
            neighbours=neighbours,
            items=items,
            neighbour_hits=_neighbour_hits(fitted, neighbours, targets),
            item_hits=_item_hits(fitted, items, targets, counts, item_shrink),
            user=user,
            weight=1 / lengths[user],
            floor=_ANY * (counts[targets.indices] / counts.sum()),
            shots=users.shots[user].astype(np.float64),
        )

    def loss(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Minus the log-likelihood of the targets, users alike, and its gradient."""
        cut = self.neighbours.features.shape[1]
        logit = values[-2] + values[-1] * np.log1p(self.shots)
        balance = 1 / (1 + np.exp(-logit))
        near, near_gradient = _mixture(self.neighbours, self.neighbour_hits, values[:cut], len(self.user), self.user)
        own, own_gradient = _mixture(self.items, self.item_hits, values[cut:-2], len(self.user), self.user)
        total = (1 - _ANY) * (balance * near + (1 - balance) * own) + self.floor
        scale = -self.weight * (1 - _ANY) / total
        change = scale * (near - own) * balance * (1 - balance)
        gradient = np.concatenate(
            [
                near_gradient.T @ (scale * balance),
                own_gradient.T @ (scale * (1 - balance)),
                [change.sum(), change @ np.log1p(self.shots)],
            ]
        )
        return float(-(self.weight * np.log(total)).sum()), gradient


def _mixture(
    looks: Looks, hits: _Hits, weights: NDArray[np.float64], targets: int, user: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability of each target (T,) and its gradient (T, F): Σ a h, and Σ a h (x − mean of x under a)."""
    attention = looks.softmax(looks.features @ weights + looks.log_weights)
    means = np.zeros((looks.marks.shape[0], looks.features.shape[1]))
    np.add.at(means, looks.rows, attention[:, None] * looks.features)
    parts = attention[hits.place] * hits.share
    probability: Any = np.bincount(hits.target, weights=parts, minlength=targets)
    gradient: Any = np.stack(
        [
            np.bincount(hits.target, weights=parts * looks.features[hits.place, number], minlength=targets)
            for number in range(looks.features.shape[1])
        ],
        axis=1,
    )
    return probability, gradient - probability[:, None] * means[user]


def _pairs(looks: Looks, targets: csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every place of a user with every target of that user: entry of the looks, number of the target."""
    lengths, counts = np.diff(looks.marks.indptr), np.diff(targets.indptr)
    place = np.repeat(np.arange(looks.marks.nnz, dtype=np.int64), np.repeat(counts, lengths))
    firsts = np.repeat(np.repeat(targets.indptr[:-1].astype(np.int64), lengths), np.repeat(counts, lengths))
    sizes = np.repeat(counts, lengths)
    within = np.arange(len(place), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return place, firsts + within


def _neighbour_hits(fitted: "FittedAttention", looks: Looks, targets: csr_array) -> _Hits:
    """Targets that a neighbour holds."""
    place, target = _pairs(looks, targets)
    neighbour, item = looks.marks.indices[place].astype(np.int64), targets.indices[target]
    shares = fitted.held_shares
    value = _values_at(shares, neighbour, item)
    held = value > 0
    return _Hits(place[held], target[held], value[held])


def _item_hits(
    fitted: "FittedAttention", looks: Looks, targets: csr_array, counts: NDArray[np.float64], shrink: float
) -> _Hits:
    """Targets that an item of the profile is similar to, had the user not been counted: both items lose one user."""
    place, target = _pairs(looks, targets)
    item, other = looks.marks.indices[place].astype(np.int64), targets.indices[target].astype(np.int64)
    similar = _values_at(fitted.similar, item, other)
    found = similar > 0
    place, target, item, other = (part[found] for part in (place, target, item, other))
    similar = similar[found]
    together = similar * (np.sqrt(counts[item] * counts[other]) + shrink) - 1
    without = np.maximum(together, 0) / (
        np.sqrt(np.maximum((counts[item] - 1) * (counts[other] - 1), 0)) + shrink + 1e-9
    )
    sums = np.asarray(fitted.similar.sum(axis=1), dtype=np.float64).ravel()
    kept = without > 1e-9
    return _Hits(place[kept], target[kept], (without / np.maximum(sums[item], 1e-9))[kept])


def _values_at(matrix: csr_array, rows: NDArray[np.integer], columns: NDArray[np.integer]) -> NDArray[np.float64]:
    """Entries of a CSR with sorted indices, 0 where nothing is stored."""
    keys = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr)) * matrix.shape[1]
    keys += matrix.indices
    wanted = rows.astype(np.int64) * matrix.shape[1] + columns
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return np.zeros(len(wanted))
    values: NDArray[np.float64] = np.where(keys[place] == wanted, matrix.data[place].astype(np.float64), 0.0)
    return values
