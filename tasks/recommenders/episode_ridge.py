"""A linear map from the first items to what comes later, learned from warm users' episodes in closed form.

With x the support of an episode, of length 1 (CSR, E × M over the support items), y its targets (E × I), m the mean
target and ω weights by which every user counts the same over all numbers of shots, W minimises

    Σ_e ω_e |(y_e - m) - x_e W|² + λ |W|²,    so W = C X'Ω (Y - 1 m'),  C = (X'Ω X + λ)⁻¹.

EASE (Steck 2019) asks the same of whole profiles; this knows the question, as the generator does. W itself is
dense and would be items × items: C and the sparse X'Ω Y are kept, and a score is ``(x C) (X'Ω Y)``.
"""

import logging
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, vstack

from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.blend import Blend
from tasks.recommenders.collaborative import CollaborativeFilter, Fallback, Interest, Profiles

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class FittedEpisodeRidge(CollaborativeFilter):
    """The map.

    Attributes:
        provenance: The users and times it was fitted on.
        support_items: int32 (M,), the items that say something when they are shown.
        inverse: float32 (M, M), C.
        targets: CSR (M, I), X'Ω Y.
        pull: float32 (M,), X'Ω 1.
        mean_target: float32 (I,), m; 0 without an intercept.
        fallback: float32 (I,), in (-1, 0].

    """

    provenance: Provenance
    support_items: NDArray[np.int32]
    inverse: NDArray[np.float32]
    targets: csr_array
    pull: NDArray[np.float32]
    mean_target: NDArray[np.float32]
    fallback: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = self.targets.shape[1]
        # Row by row in memory: a sparse product would turn it round at every call.
        self._inverse = np.ascontiguousarray(self.inverse, dtype=np.float64)
        self._targets = self.targets.astype(np.float64)
        self._mean_pull = self._inverse @ self.pull

    def interest(self, users: NewUsers) -> Interest:
        """Expected targets of one block of users; those of whom nothing is known are left to the fallback.

        Real is what support items carry of the map, and of the mean by their share of the profile's weight.
        """
        profiles = Profiles.of(users, self.n_items)
        scale, size = 1 / np.maximum(_lengths(profiles.whole), 1e-12), profiles.whole.sum(axis=1)
        total = self._of(profiles.whole, scale, size)
        return Interest(total, None if profiles.are_real else lambda: self._of(profiles.real, scale, size))

    def _of(self, part: csr_array, scale: NDArray[np.float64], size: NDArray[np.floating]) -> NDArray[np.float32]:
        """What a part of the profiles (B, I) carries, given length and sum of the whole: (B, I)."""
        shown = csr_array(diags_array(scale) @ part)[:, self.support_items]
        share = np.divide(part.sum(axis=1), size, out=np.zeros(len(scale)), where=size > 0)
        expected = (shown @ self._inverse) @ self._targets
        expected += (share - shown @ self._mean_pull)[:, None] * self.mean_target
        return np.asarray(expected, dtype=np.float32)


def _lengths(profiles: csr_array) -> NDArray[np.float64]:
    return np.sqrt(np.asarray(profiles.multiply(profiles).sum(axis=1), dtype=np.float64))


@dataclass(frozen=True)
class EpisodeRidge:
    """Settings of the map.

    Attributes:
        penalty: λ, in users, above 0.
        intercept: Whether what is learned is the difference to the mean target.
        support_items: Most items that say something when they are shown, those in most supports; bounds C.
        fallback: Orders what is not expected at all.

    """

    penalty: float = 10.0
    intercept: bool = True
    support_items: int = 6000
    fallback: Fallback = field(default_factory=Fallback)

    def __post_init__(self) -> None:
        if not 0 < self.penalty < float("inf"):
            raise ValueError(f"penalty must be above 0, got {self.penalty}")
        if self.support_items < 1:
            raise ValueError(f"support_items must be at least 1, got {self.support_items}")

    def fit(self, training: Training) -> FittedEpisodeRidge:
        """Solve for the map; without any episode everything is left to the fallback, and this is said."""
        histories = training.warm.histories
        supports, targets, weights = _episodes(training)
        if supports.shape[0] == 0:
            logger.warning("no warm user gives an episode: episode_ridge has nothing but its fallback")
        shown = self._shown(supports)
        regressors = csr_array(supports[:, shown])
        weighted = csr_array(regressors.T @ diags_array(weights))
        mean = (weights @ targets) / max(weights.sum(), 1e-12) if self.intercept else np.zeros(training.n_items)
        gram = (weighted @ regressors).toarray() + self.penalty * np.eye(len(shown))
        return FittedEpisodeRidge(
            provenance=Provenance.of("episode_ridge", histories.users, histories.times),
            support_items=shown,
            inverse=_inverse(gram).astype(np.float32),
            targets=csr_array(weighted @ targets).astype(np.float32),
            pull=weighted.sum(axis=1).astype(np.float32),
            mean_target=mean.astype(np.float32),
            fallback=self.fallback.order(training),
        )

    def _shown(self, supports: csr_array) -> NDArray[np.int32]:
        """The items in most supports, rising; at most ``support_items``."""
        counts = np.bincount(supports.indices, minlength=supports.shape[1])
        most = np.argsort(-counts, kind="stable")[: self.support_items]
        return np.sort(most[counts[most] > 0]).astype(np.int32)


def _episodes(training: Training) -> tuple[csr_array, csr_array, NDArray[np.float64]]:
    """Supports of length 1 (E, I), targets (E, I) and weights (E,), 1 per user in all, of all numbers of shots."""
    items = training.n_items
    supports, targets = [csr_array((0, items), dtype=np.float64)], [csr_array((0, items), dtype=np.float64)]
    users = [np.zeros(0, dtype=np.int64)]
    for posed in training.episodes:
        asked = np.flatnonzero(np.diff(posed.targets.indptr))
        support = csr_array(posed.users.support(items)[asked].astype(np.float64))
        supports.append(csr_array(diags_array(1 / np.maximum(_lengths(support), 1e-12)) @ support))
        targets.append(csr_array(posed.targets[asked].astype(np.float64)))
        users.append(posed.population[asked])
    user = np.concatenate(users)
    weights = 1 / np.bincount(user)[user] if len(user) else np.zeros(0)
    return csr_array(vstack(supports, format="csr")), csr_array(vstack(targets, format="csr")), weights


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a symmetric, positive definite matrix (M, M)."""
    from scipy.linalg import cho_factor, cho_solve

    if len(matrix) == 0:
        return matrix
    return np.asarray(cho_solve(cho_factor(matrix, lower=True), np.eye(len(matrix))))


@dataclass(frozen=True)
class EpisodeRidgeBlend(Blend):
    """The map from the first items to later ones, blended with popularity."""

    base: EpisodeRidge = field(default_factory=EpisodeRidge)
