import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.features.ridge import ridge_regression


def test_the_solution_is_that_of_the_normal_equations():
    random = np.random.default_rng(0)
    design = random.normal(size=(40, 6)) * (random.random((40, 6)) < 0.5)
    targets, weights = random.normal(size=(40, 3)), random.random(40)
    expected = np.linalg.solve(
        design.T @ (weights[:, None] * design) + 2 * np.eye(6), design.T @ (weights[:, None] * targets)
    )
    assert ridge_regression(csr_array(design), targets, weights, 2.0) == pytest.approx(expected, abs=1e-5)


def test_targets_of_zeros_and_empty_columns_are_safe():
    design = csr_array(np.array([[1.0, 0.0], [1.0, 0.0]]))
    found = ridge_regression(design, np.array([[0.0, 3.0], [0.0, 3.0]]), np.ones(2), 1.0)
    assert found == pytest.approx(np.array([[0.0, 2.0], [0.0, 0.0]]))
