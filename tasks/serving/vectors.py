"""Vectors of items: what a fitted model knows of their likeness, for diverse lists, audiences and segments."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.hybrid.sources import FilterSource
from tasks.model_format import Model
from tasks.recommenders import FittedRecommender
from tasks.recommenders.blend import FittedBlend

DIMENSIONS = 32
_SEED = 0


def item_vectors(model: Model) -> NDArray[np.float32]:
    """Vectors of unit length, float32 (I, D); zeros for an item of which nothing is known.

    The factors of a matrix factorisation where the model has one; else those of its similarities between items, or of
    its users' behaviour, by a truncated singular value decomposition.
    """
    parts = list(_fitted(model))
    for fitted in parts:
        factors = getattr(fitted, "item_factors", None)
        if factors is not None:
            return _unit(factors)
    for name in ("similar", "behaviour"):
        for fitted in parts:
            matrix = getattr(fitted, name, None)
            if isinstance(matrix, csr_array) and matrix.nnz and matrix.shape[1] == len(model.items):
                return _unit(_decomposed(matrix))
    return np.zeros((len(model.items), 1), dtype=np.float32)


def behaviour(model: Model) -> csr_array | None:
    """Who holds what among those the model was fitted on, CSR (U, I); None where it does not keep that."""
    if model.customers is not None:
        return model.customers.users.support(len(model.items))
    for fitted in _fitted(model):
        matrix = getattr(fitted, "behaviour", None)
        if isinstance(matrix, csr_array) and matrix.shape[1] == len(model.items):
            return matrix[: getattr(fitted, "real_users", matrix.shape[0])]
    return None


def _fitted(model: Model) -> Iterator[FittedRecommender]:
    """Everything fitted in a model, factorisations and filters of the hybrid first."""
    for source in () if model.hybrid is None else model.hybrid.sources:
        if isinstance(source, FilterSource):
            yield source.fitted
    yield model.recommender.base if isinstance(model.recommender, FittedBlend) else model.recommender


def _decomposed(matrix: csr_array) -> NDArray[np.float32]:
    from sklearn.decomposition import TruncatedSVD

    dimensions = min(DIMENSIONS, min(matrix.shape) - 1)
    if dimensions < 1:
        return np.ones((matrix.shape[1], 1), dtype=np.float32)
    decomposition = TruncatedSVD(dimensions, random_state=_SEED).fit(matrix)
    # Scaled, so that what all share counts more than what tells two neighbours apart.
    found: NDArray[np.float32] = decomposition.components_.T * decomposition.singular_values_
    return found


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros(vectors.shape), where=lengths > 0).astype(np.float32)
