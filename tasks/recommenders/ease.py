"""EASE: each item is predicted from all others by ridge regression, in closed form.

With behaviour X (U, I), λ the penalty and P = (XᵀX + λ 1)⁻¹, the weights are B_ij = -P_ij / P_jj, B_jj = 0, and a
user's interest is profile · B (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", equation 8).

The inverse takes I² memory and I³ time. Of a wide catalogue only the most popular items take part, and only the largest
weights are kept; the others, which few users hold, neither predict nor are predicted: popularity orders them.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from tasks.domain import NewUsers, Provenance, Training
from tasks.errors import ConfigError
from tasks.recommenders.blend import Blend
from tasks.recommenders.collaborative import CollaborativeFilter, Fallback, Interest, Profiles

_ROWS = 512
"""Rows per block where triangles are mirrored and rows cut: no second I × I array is ever made."""


@dataclass(eq=False)
class FittedEASE(CollaborativeFilter):
    """Weights between items.

    Attributes:
        provenance: The users and times it was fitted on.
        weights: float32 (I, I), or CSR (I, I) of a wide catalogue; row i is what item i says about the others.
        fallback: float32 (I,), in (-1, 0].

    """

    provenance: Provenance
    weights: NDArray[np.float32] | csr_array
    fallback: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = self.weights.shape[0]

    def interest(self, users: NewUsers) -> Interest:
        """Interest of one block of users in items.

        Real is what support items carry; weights themselves may rest on virtual users too.
        """
        profiles = Profiles.of(users, self.n_items)
        total = profiles.whole @ self.weights
        return Interest(total, None if profiles.are_real else lambda: profiles.real @ self.weights)


@dataclass(frozen=True)
class EASE:
    """Settings of EASE.

    Attributes:
        l2: λ, above 0.
        dense_items: Up to this many items all take part, and all weights are kept (four bytes each); of a larger
            catalogue this many of the most popular, at least 1.
        neighbours: Weights kept per item of a larger catalogue, the largest regardless of sign, at least 1.
        fallback: Orders items without interest above 0.

    """

    l2: float = 500.0
    dense_items: int = 10_000
    neighbours: int = 500
    fallback: Fallback = field(default_factory=Fallback)

    def __post_init__(self) -> None:
        if not 0 < self.l2 < float("inf"):
            raise ValueError(f"l2 must be above 0, got {self.l2}")
        for name in ("dense_items", "neighbours"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def fit(self, training: Training) -> FittedEASE:
        """Solve for the weights, virtual users included."""
        histories = training.warm.histories
        return FittedEASE(
            provenance=Provenance.of("ease", histories.users, histories.times),
            weights=self._weights(training.behaviour()),
            fallback=self.fallback.order(training),
        )

    def _weights(self, behaviour: csr_array) -> NDArray[np.float32] | csr_array:
        n_items = behaviour.shape[1]
        if n_items <= self.dense_items:
            return _closed_form(behaviour, self.l2)
        held = np.bincount(behaviour.indices, minlength=n_items)
        chosen = np.sort(np.argsort(-held, kind="stable")[: self.dense_items]).astype(np.int32)
        some = _largest_of_each_row(_closed_form(csr_array(behaviour[:, chosen]), self.l2), self.neighbours)
        lengths = np.zeros(n_items, dtype=np.int64)
        lengths[chosen] = np.diff(some.indptr)
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        return csr_array((some.data, chosen[some.indices], indptr), shape=(n_items, n_items))


def _closed_form(behaviour: csr_array, l2: float) -> NDArray[np.float32]:
    """B, float32 (I, I), from CSR (U, I); Cholesky factor, inverse and weights lie in one array after the other."""
    from scipy.linalg.lapack import spotrf, spotri

    gram = csr_array(behaviour.T @ behaviour).toarray()
    diagonal = np.arange(len(gram))
    gram[diagonal, diagonal] += np.float32(l2)
    # The transpose of a symmetric array is the array itself, in the order that LAPACK overwrites in place.
    factor, failed = spotrf(gram.T, lower=1, overwrite_a=1)
    if not failed:
        factor, failed = spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ConfigError(f"l2: {l2} is too small to solve for the weights in single precision; choose a larger one")
    inverse = factor.T  # C order, the upper triangle is filled
    scale = -1 / inverse[diagonal, diagonal]
    for start in range(0, len(inverse), _ROWS):
        rows = slice(start, min(start + _ROWS, len(inverse)))
        corner = np.triu(inverse[rows, rows])
        inverse[rows, rows] = corner + np.triu(corner, 1).T
        inverse[rows.stop :, rows] = inverse[rows, rows.stop :].T
    inverse *= scale
    inverse[diagonal, diagonal] = 0
    return inverse


def _largest_of_each_row(weights: NDArray[np.float32], count: int) -> csr_array:
    """The ``count`` weights of each row that are largest regardless of sign; CSR, indices sorted, no zeros."""
    width = weights.shape[1]
    if count >= width:
        return csr_array(weights)
    parts = []
    for start in range(0, len(weights), _ROWS):
        block = weights[start : start + _ROWS]
        columns = np.sort(np.argpartition(-np.abs(block), count - 1, axis=1)[:, :count], axis=1)
        indptr = np.arange(len(block) + 1, dtype=np.int32) * count
        values = np.take_along_axis(block, columns, axis=1)
        part = csr_array((values.ravel(), columns.ravel().astype(np.int32), indptr), shape=(len(block), width))
        part.eliminate_zeros()
        parts.append(part)
    return csr_array(vstack(parts, format="csr"))


@dataclass(frozen=True)
class EASEBlend(Blend):
    """EASE, blended."""

    base: EASE = field(default_factory=EASE)
