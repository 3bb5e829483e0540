"""The gate: how much each score counts, as a function of the number of events.

w_m(n) = (1 − t) · few_m + t · many_m with t = log(1 + n) / log(1 + 10), at most 1: smooth, defined for any n,
and never negative. The weights maximise the likelihood of what held-out users took afterwards, one choice among
candidates per target (conditional logit, McFadden 1974), drawn by a ridge to a starting point (see ``start``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MANY = 10
"""Number of events from which the weights no longer change."""


@dataclass(frozen=True, eq=False)
class Gate:
    """Weights of M scores.

    Attributes:
        names: Of the scores.
        few: float64 (M,), at least 0: weights without any event.
        many: float64 (M,), at least 0: weights from ``MANY`` events on.

    """

    names: tuple[str, ...]
    few: NDArray[np.float64]
    many: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("few", "many"):
            values = getattr(self, name)
            if values.shape != (len(self.names),) or not np.isfinite(values).all() or (values < 0).any():
                raise ValueError(f"{name} must be {len(self.names)} finite weights, none below 0, got {values}")

    def at(self, shots: NDArray[np.integer]) -> NDArray[np.float32]:
        """Weights of users with this many events (U,): float32 (U, M)."""
        part = progress(shots)[:, None]
        return ((1 - part) * self.few + part * self.many).astype(np.float32)


def progress(shots: NDArray[np.integer]) -> NDArray[np.float64]:
    """Where between few and many a number of events lies, float64 (U,) in 0 … 1."""
    return np.minimum(np.log1p(shots) / np.log1p(MANY), 1.0)


@dataclass(frozen=True, eq=False)
class Choices:
    """Candidates of held-out users, user after user.

    Attributes:
        scores: float32 (C, M).
        starts: int64 (U + 1,), boundaries of the users' candidates; no user is without.
        taken: float64 (C,), the candidate's share of the user's targets among the candidates; sum 1 per user.
        user: int64 (U,), who it is: one user has choices at several numbers of shots.
        shots: int64 (U,), items in the support.
        targets: int64 (U,), what the user took, candidate or not; at least 1.
        fold: uint8 (U,).

    """

    scores: NDArray[np.float32]
    starts: NDArray[np.int64]
    taken: NDArray[np.float64]
    user: NDArray[np.int64]
    shots: NDArray[np.int64]
    targets: NDArray[np.int64]
    fold: NDArray[np.uint8]

    def select(self, chosen: NDArray[np.bool_]) -> "Choices":
        """The chosen users only, mask (U,)."""
        lengths = np.diff(self.starts)
        entries = np.repeat(chosen, lengths)
        starts = np.concatenate([[0], np.cumsum(lengths[chosen])])
        per_user = (self.user[chosen], self.shots[chosen], self.targets[chosen], self.fold[chosen])
        return Choices(self.scores[entries], starts, self.taken[entries], *per_user)

    @classmethod
    def joined(cls, parts: Sequence["Choices"]) -> "Choices":
        """One after the other."""
        lengths = np.concatenate([np.diff(part.starts) for part in parts])
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]),
            np.concatenate([part.taken for part in parts]),
            np.concatenate([part.user for part in parts]),
            np.concatenate([part.shots for part in parts]),
            np.concatenate([part.targets for part in parts]),
            np.concatenate([part.fold for part in parts]),
        )


def fit_gate(choices: Choices, start: Gate, ridge: float, most: int = 200) -> Gate:
    """Fit the weights.

    Args:
        choices: What users took; users of one number of shots weigh as much as those of another.
        start: What the ridge draws to.
        ridge: Weight of the squared distance from there, in spreads of the scores, at least 0.
        most: Iterations at most.

    Raises:
        ValueError: There is no user to learn from.

    """
    from scipy.optimize import minimize

    users, count = len(choices.shots), len(start.names)
    if not users:
        raise ValueError("a gate is fitted to users who took something, and there is none")
    spread = np.maximum(choices.scores.std(axis=0, dtype=np.float64), 1e-6)
    scores = choices.scores / spread.astype(np.float32)
    row = np.repeat(np.arange(users), np.diff(choices.starts))
    part = progress(choices.shots)
    basis = np.stack([1 - part, part], axis=1)  # (U, 2)
    origin = np.stack([start.few, start.many]) * spread

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(2, count)
        per_user = (basis @ weights).astype(np.float32)
        total = np.einsum("cm,cm->c", scores, per_user[row]).astype(np.float64)
        total -= np.maximum.reduceat(total, choices.starts[:-1])[row]
        odds = np.exp(total)
        norm = np.add.reduceat(odds, choices.starts[:-1])
        error = odds / norm[row] - choices.taken
        per_score = np.add.reduceat(scores * error[:, None].astype(np.float32), choices.starts[:-1], axis=0)
        gradient = basis.T @ per_score.astype(np.float64) / users + 2 * ridge * (weights - origin)
        value = (np.log(norm).sum() - choices.taken @ total) / users + ridge * np.square(weights - origin).sum()
        return float(value), gradient.ravel()

    found = minimize(
        loss,
        origin.ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * count),
        options={"maxiter": most},
    )
    few, many = np.maximum(found.x.reshape(2, count), 0) / spread
    return Gate(start.names, few, many)
