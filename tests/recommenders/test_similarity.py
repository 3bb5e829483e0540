"""Similarities against dense arithmetic on small random matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array
from scipy.spatial.distance import cdist

from tasks.recommenders.similarity import COSINE, PEARSON, Neighbourhood, Rows, Similarity


def weighted(rows: int, columns: int, seed: int, density: float = 0.3) -> csr_array:
    matrix = csr_array(
        random_array((rows, columns), density=density, rng=np.random.default_rng(seed), dtype=np.float32)
    )
    matrix.data += 0.1
    matrix.sort_indices()
    return matrix


def dense(queries: csr_array, rows: csr_array, similarity: Similarity, shrink: float) -> np.ndarray:
    left, right = queries.toarray().astype(float), rows.toarray().astype(float)
    if similarity.centred:
        left, right = left - left.mean(axis=1, keepdims=True), right - right.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(right, axis=1)
    return np.divide(left @ right.T, norms + shrink, out=np.zeros_like(norms), where=norms > 1e-9)


@pytest.mark.parametrize("similarity", [COSINE, PEARSON], ids=lambda similarity: similarity.name)
def test_against_numpy_and_scipy(similarity: Similarity) -> None:
    queries, rows = weighted(20, 30, 0), weighted(40, 30, 1)
    if similarity.centred:
        oracle = np.corrcoef(queries.toarray(), rows.toarray())[:20, 20:]
    else:
        oracle = 1 - cdist(queries.toarray(), rows.toarray(), "cosine")
    found = Neighbourhood(Rows(rows, similarity), 40, 0.0).of(Rows(queries, similarity)).toarray()
    np.testing.assert_allclose(found, np.maximum(oracle, 0), atol=2e-6)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    centred=st.booleans(),
    neighbours=st.integers(1, 12),
    shrink=st.sampled_from([0.0, 0.5, 20.0]),
    density=st.sampled_from([0.05, 0.3, 0.9]),
)
def test_keeps_the_best(seed: int, centred: bool, neighbours: int, shrink: float, density: float) -> None:
    similarity = PEARSON if centred else COSINE
    queries, rows = weighted(6, 15, seed, density), weighted(25, 15, seed + 1, density)
    found = Neighbourhood(Rows(rows, similarity), neighbours, shrink).of(Rows(queries, similarity)).toarray()
    oracle = np.maximum(dense(queries, rows, similarity, shrink), 0)
    assert ((found > 0).sum(axis=1) <= neighbours).all()
    np.testing.assert_allclose(found[found > 0], oracle[found > 0], atol=2e-6)
    np.testing.assert_allclose(
        -np.sort(-found, axis=1)[:, :neighbours], -np.sort(-oracle, axis=1)[:, :neighbours], atol=2e-6
    )


@pytest.mark.parametrize("similarity", [COSINE, PEARSON], ids=lambda similarity: similarity.name)
@pytest.mark.parametrize("neighbours", [3, 40])
def test_nothing_is_its_own_neighbour(similarity: Similarity, neighbours: int) -> None:
    rows = Rows(weighted(40, 30, 3), similarity)
    found = Neighbourhood(rows, neighbours, 1.0).of(rows, without_self=True)
    oracle = dense(rows.matrix, rows.matrix, similarity, 1.0)
    np.fill_diagonal(oracle, 0)
    np.testing.assert_allclose(
        -np.sort(-found.toarray(), axis=1)[:, :neighbours], -np.sort(-np.maximum(oracle, 0))[:, :neighbours], atol=2e-6
    )
    assert found.diagonal().max() == 0


@pytest.mark.parametrize("similarity", [COSINE, PEARSON], ids=lambda similarity: similarity.name)
def test_shares_of_the_parts_add_up(similarity: Similarity) -> None:
    real, virtual = weighted(10, 30, 4, 0.1), weighted(10, 30, 5, 0.2)
    queries = Rows(csr_array(real + virtual), similarity)
    neighbourhood = Neighbourhood(Rows(weighted(50, 30, 6), similarity), 8, 2.0)
    found = neighbourhood.of(queries)
    parts = [neighbourhood.share(Rows(part, similarity), queries, found) for part in (real, virtual)]
    np.testing.assert_allclose(parts[0].toarray() + parts[1].toarray(), found.toarray(), atol=2e-6)
    assert (parts[0].indices == found.indices).all()


def test_a_constant_row_correlates_with_nothing() -> None:
    rows = np.zeros((3, 7), dtype=np.float32)
    rows[0], rows[1, :3], rows[2, 2:] = 0.1, 1, 1
    queries = Rows(csr_array(rows), PEARSON)
    found = Neighbourhood(queries, 3, 0.0).of(queries).toarray()
    assert (found[0] == 0).all()
    assert (found[:, 0] == 0).all()
    assert found[1, 1] == pytest.approx(1)


def test_empty_rows_have_no_neighbours() -> None:
    rows = Rows(weighted(9, 30, 7), COSINE)
    nothing = Rows(csr_array((4, 30), dtype=np.float32), COSINE)
    assert Neighbourhood(rows, 3, 0.0).of(nothing).nnz == 0
    assert Neighbourhood(nothing, 3, 0.0).of(rows).shape == (9, 4)
