"""New users folded into a factorisation of implicit feedback, in closed form on the few items of their profiles.

The factors x of a user minimise (Hu, Koren and Volinsky 2008, equation 3, for one user)

    Σ_profile c_i (1 - x·y_i)² + Σ_others (x·y_i)² + λ |x|²,    c_i = α · weight,

so x = (G + Yₛ' D Yₛ)⁻¹ Yₛ' c, with G = Y'Y + λ, Yₛ the factors of the n items of the profile, and D = diag(c - 1).
With P = G⁻¹, computed once, and S = Yₛ P Yₛ', the identity of Woodbury gives

    x = P Yₛ' (1 + D S)⁻¹ c,

a system of n × n instead of K × K. With a prior x₀ for the user, the same is solved for what the profile adds to
it: c becomes c (1 - x₀·y), and the untouched items stand for what the prior predicts of them, not for 0.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

_CELLS = 2**22
"""Most numbers in a chunk of gathered factors or systems: 32 MiB."""


class ExactFoldIn:
    """Turns profiles into user factors.

    Args:
        item_factors: (I, K).
        regularization: λ, above 0.
        alpha: α, above 0.

    """

    def __init__(self, item_factors: NDArray[np.floating], regularization: float, alpha: float) -> None:
        self._items = item_factors.astype(np.float64)
        self._alpha = alpha
        self._gram = self._items.T @ self._items + regularization * np.eye(self._items.shape[1])
        self._inverse = np.linalg.inv(self._gram)

    def factors(
        self,
        profiles: csr_array,
        prior: NDArray[np.float64] | None = None,
        carried: NDArray[np.floating] | None = None,
    ) -> NDArray[np.float64]:
        """Factors of the users: the prior and what their profiles add to it.

        Users with equally many items are solved together, so the result does not depend on who else is asked for.

        Args:
            profiles: CSR (B, I), weights above 0.
            prior: (B, K); 0 where it is None.
            carried: What each entry of ``profiles`` contributes, of its weight: (nnz,), from 0 to the weight. The
                result is linear in it, so contributions of parts add up; all of the weight where it is None.

        Returns:
            float64 (B, K).

        """
        found = np.zeros((profiles.shape[0], self._items.shape[1])) if prior is None else prior.copy()
        contribution = profiles.data if carried is None else carried
        lengths = np.diff(profiles.indptr)
        for length in np.unique(lengths[lengths > 0]):
            users = np.flatnonzero(lengths == length)
            step = max(1, _CELLS // int(length * max(length, self._items.shape[1])))
            for some in (users[start : start + step] for start in range(0, len(users), step)):
                entries = profiles.indptr[some][:, None] + np.arange(length)
                items = self._items[profiles.indices[entries]]
                pull = self._alpha * contribution[entries].astype(np.float64)
                if prior is not None:
                    pull *= 1 - (items @ prior[some][:, :, None])[:, :, 0]
                extra = self._alpha * profiles.data[entries].astype(np.float64) - 1
                found[some] += self._solve(items, extra, pull)
        return found

    def alone(self, items: NDArray[np.integer], weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Factors of a single user, float64 (K,), as ``factors`` gives them.

        Args:
            items: Of the profile, (n,).
            weights: Theirs, above 0.

        """
        if not len(items):
            return np.zeros(self._items.shape[1])
        pull = self._alpha * weights.astype(np.float64)
        return self._solve(self._items[items][None], pull[None] - 1, pull[None])[0]

    def _solve(
        self, items: NDArray[np.float64], extra: NDArray[np.float64], pull: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """From factors (R, n, K), c - 1 (R, n) and right-hand sides (R, n) to user factors (R, K)."""
        length, width = items.shape[1:]
        across = items.swapaxes(1, 2)
        if length > width:
            system = self._gram + (across * extra[:, None, :]) @ items
            return np.asarray(np.linalg.solve(system, across @ pull[:, :, None])[:, :, 0])
        spread = items @ self._inverse
        system = np.eye(length) + extra[:, :, None] * (spread @ across)
        return np.asarray((spread.swapaxes(1, 2) @ np.linalg.solve(system, pull[:, :, None]))[:, :, 0])

    def scores(self, factors: NDArray[np.float64]) -> NDArray[np.float32]:
        """Predicted preference of users (B, K) for all items: float32 (B, I)."""
        return (factors @ self._items.T).astype(np.float32)


def weights_at(matrix: csr_array, profiles: csr_array) -> NDArray[np.float32]:
    """The weights in ``matrix`` (B, I) at the entries of ``profiles`` (B, I), 0 where it has none: (nnz,)."""
    row = np.repeat(np.arange(profiles.shape[0]), np.diff(profiles.indptr))
    return np.asarray(matrix[row, profiles.indices], dtype=np.float32)
