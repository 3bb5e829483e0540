"""Item vectors: a factorisation of warm behaviour, carried over to rare items by their features."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, hstack

from tasks.domain import ItemFeatures, Training
from tasks.features.ridge import ridge_regression


def item_vectors(
    training: Training, dimensions: int, seed: int, *, shrink: float = 5.0, ridge: float = 1.0
) -> NDArray[np.float32]:
    """Vectors of the catalogue's items, such that items of the same users point the same way.

    The behaviour matrix X (U, I) is scaled to ``(D_u + t_u)^-1/2 X (D_i + t_i)^-1/2`` with the degrees D and their
    means t, as in regularised spectral co-clustering (Qin and Rohe 2013): without t, users and items with one event
    only would fill the leading directions. Of its truncated SVD, U S V', the vector of item i is
    ``b_i = V_i S^1/2 / (D_i + t_i)^1/2``, free of the item's popularity. A ridge regression, weighted by the
    number of users, predicts b from the item's features; the vector is ``(n_i b_i + shrink · prediction_i) / (n_i +
    shrink)`` for n_i users, so that an item with few events goes by its text, class and price (by the mean item where
    there are no features).

    Args:
        training: Warm users and item features; virtual rows are not read.
        dimensions: Length d of a vector, ≥ 1; columns beyond the rank of X are 0.
        seed: Seed of the randomised SVD.
        shrink: Number of users at which behaviour and features weigh the same, ≥ 0.
        ridge: Penalty of the regression, > 0.

    Returns:
        float32 (I, d), finite; the mean squared length over the items is 1.

    """
    behaviour = training.warm.matrix()
    users_per_item = np.bincount(behaviour.indices, minlength=behaviour.shape[1]).astype(np.float64)
    own = _factors(behaviour, dimensions, seed)
    predicted = _from_features(training.item_features, own, users_per_item, ridge)
    support = users_per_item[:, None]
    mixed = (support * own + shrink * predicted) / np.maximum(support + shrink, 1e-12)
    size = np.sqrt(np.square(mixed).sum(axis=1).mean()) if len(mixed) else 0.0
    return (mixed / size if size > 0 else mixed).astype(np.float32)


def _factors(behaviour: csr_array, dimensions: int, seed: int) -> NDArray[np.float64]:
    from sklearn.utils.extmath import randomized_svd

    vectors = np.zeros((behaviour.shape[1], dimensions))
    rank = min(dimensions, *behaviour.shape)
    if behaviour.nnz == 0 or rank == 0:
        return vectors
    by_user, by_item = _inverse_root(behaviour.sum(axis=1)), _inverse_root(behaviour.sum(axis=0))
    scaled = csr_array(diags_array(by_user) @ behaviour.astype(np.float64) @ diags_array(by_item))
    _, values, directions = randomized_svd(scaled, n_components=rank, n_iter=7, random_state=seed)
    vectors[:, :rank] = directions.T * np.sqrt(values) * by_item[:, None]
    return vectors


def _inverse_root(degrees: NDArray[np.floating]) -> NDArray[np.float64]:
    degrees = np.asarray(degrees, dtype=np.float64)
    return np.asarray(1.0 / np.sqrt(degrees + degrees.mean()))


def _from_features(
    features: ItemFeatures, targets: NDArray[np.float64], weights: NDArray[np.float64], ridge: float
) -> NDArray[np.float64]:
    """Ridge regression of the targets (I, d) on the features, weighted (I,): predictions (I, d)."""
    if weights.sum() == 0:
        return np.zeros_like(targets)
    design = feature_matrix(features)
    if design.shape[1] == 0:
        return np.broadcast_to(np.average(targets, axis=0, weights=weights), targets.shape)
    mean = np.average(targets, axis=0, weights=weights)
    # Items everybody knows must not decide the map alone.
    coefficients = ridge_regression(design, targets - mean, np.sqrt(weights), ridge)
    return mean + design @ coefficients


def feature_matrix(features: ItemFeatures) -> csr_array:
    """Text, numbers and one column per class code side by side: CSR float64 (I, columns); the unknown code is 0s."""
    items = len(features.text)
    blocks = [csr_array(features.text, dtype=np.float64), csr_array(features.numbers, dtype=np.float64)]
    for codes in features.categories.T:
        known = np.flatnonzero(codes)
        width = int(codes.max(initial=0))
        blocks.append(csr_array((np.ones(len(known)), (known, codes[known] - 1)), shape=(items, width)))
    return csr_array(hstack(blocks, format="csr"))
