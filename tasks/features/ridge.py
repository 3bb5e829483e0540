"""Ridge regression of many targets on sparse features at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array


def ridge_regression(
    design: csr_array,
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: float,
    *,
    tolerance: float = 1e-6,
    most_steps: int = 500,
) -> NDArray[np.float64]:
    """Coefficients (m, d) that minimise ``Σ_i w_i |y_i − x_i B|² + penalty · |B|²``.

    Conjugate gradients on the normal equations with Jacobi's preconditioner (Golub and Van Loan, Matrix
    Computations, 4th edition, 11.5), all targets side by side: no matrix m × m exists, and one step costs two
    products with the design.

    Args:
        design: CSR (n, m).
        targets: float64 (n, d).
        weights: float64 (n,), ≥ 0.
        penalty: > 0.
        tolerance: Largest residual relative to the right-hand side, per target.
        most_steps: Steps after which it stops anyway.

    """
    weighted = csr_array(design.T @ diags_array(weights))  # (m, n)
    diagonal = (weighted.multiply(design.T)).sum(axis=1)[:, None] + penalty
    right = weighted @ targets
    small = tolerance * np.linalg.norm(right, axis=0)

    solution = np.zeros_like(right)
    residual = right
    conditioned = residual / diagonal
    direction = conditioned
    size = (residual * conditioned).sum(axis=0)
    for _ in range(most_steps):
        if (np.linalg.norm(residual, axis=0) <= small).all():
            break
        image = weighted @ (design @ direction) + penalty * direction
        step = _ratio(size, (direction * image).sum(axis=0))
        solution = solution + step * direction
        residual = residual - step * image
        conditioned = residual / diagonal
        before, size = size, (residual * conditioned).sum(axis=0)
        direction = conditioned + _ratio(size, before) * direction
    return solution


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 where a target is solved to the last digit."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
