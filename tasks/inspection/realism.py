"""Real users beside generated ones, in numbers: what the report's figures draw.

Profiles are CSR matrices of users × items with a 1 for every item a user took.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.reporting.report.comparison import Cooccurrence, Neighbours, PopularityCurve, Projection

COMPARED_ITEMS = 30
"""Items of the co-occurrence figure: those that most real users took."""


def project(training: csr_array, real: csr_array, generated: csr_array, seed: int = 0) -> Projection | None:
    """Profiles of unit length in the plane of two principal components, fitted on training users only.

    Users of neither group shape the plane: else it would suit the group it was fitted on.

    Args:
        training: CSR (T, I).
        real: CSR (U, I), held-out users.
        generated: CSR (V, I).
        seed: Starts the iteration.

    Returns:
        The points; None with fewer than 4 training users or items, or where training users do not differ.

    """
    if min(training.shape) < 4:
        return None
    from sklearn.decomposition import PCA

    profiles = unit(training)
    if (profiles - profiles[[0] * profiles.shape[0]]).nnz == 0:
        return None
    fitted = PCA(n_components=2, svd_solver="arpack", random_state=seed).fit(profiles)
    first, second = (float(share) for share in fitted.explained_variance_ratio_)
    return Projection(fitted.transform(unit(real)), fitted.transform(unit(generated)), (first, second))


def popularity_curve(real: csr_array, generated: csr_array) -> PopularityCurve:
    """Users per item of both groups, each ranked by itself, most popular first."""
    return PopularityCurve(*(np.sort(taken(profiles))[::-1] for profiles in (real, generated)))


def cooccurrence(
    real: csr_array, generated: csr_array, titles: Sequence[str], items: int = COMPARED_ITEMS
) -> Cooccurrence | None:
    """How often two items are taken by the same user, among the items that most real users took.

    Items that go together stand next to each other: the order follows a clustering of the real matrix.

    Args:
        real: CSR (U, I).
        generated: CSR (V, I).
        titles: I titles.
        items: Number of items compared.

    Returns:
        Both matrices in the same order of items; None where real users took fewer than two items.

    """
    from lightning_modules.realism import cooccurrence_distance

    counts = taken(real)
    top = np.argsort(-counts, kind="stable")[:items]
    top = top[counts[top] > 0]
    if len(top) < 2:
        return None
    top = top[_clustered(together(real, top))]
    chosen = tuple(titles[item] for item in top)
    distance = cooccurrence_distance(generated, real)
    return Cooccurrence(chosen, together(real, top), together(generated, top), distance)


def together(profiles: csr_array, items: NDArray[np.integer]) -> NDArray[np.float64]:
    """Users with both items ÷ √(users with one × users with the other), float64 (K, K), the diagonal 0."""
    chosen = csr_array(profiles[:, items], dtype=np.float64)
    pairs = (chosen.T @ chosen).toarray()
    users = np.diag(pairs).copy()
    np.fill_diagonal(pairs, 0.0)
    scale = np.sqrt(np.outer(users, users))
    return np.divide(pairs, scale, out=np.zeros_like(pairs), where=scale > 0)


def neighbours(training: csr_array, real: csr_array, generated: csr_array) -> Neighbours:
    """Distance of each user to the nearest of the others.

    Both groups of others are equally large: the nearest of many is nearer than the nearest of few.

    Args:
        training: CSR (T, I), in any order that has nothing to do with behaviour.
        real: CSR (U, I), held-out users.
        generated: CSR (U, I), row by row generated from what is known of the same users.

    """
    known = csr_array(training[: real.shape[0]])
    return Neighbours(
        generated_to_training=nearest(generated, known),
        generated_to_new=nearest(generated, real, skip_own=True),
        new_to_training=nearest(real, known),
    )


def nearest(profiles: csr_array, others: csr_array, *, skip_own: bool = False) -> NDArray[np.float64]:
    """Cosine distance of each profile to the nearest of the others.

    Args:
        profiles: CSR (U, I).
        others: CSR (V, I).
        skip_own: Whether user ``n`` is not to be compared with row ``n`` of the others.

    Returns:
        float64 (U,), 0 … 1; 1 where there is nobody to compare with.

    """
    if others.shape[0] == 0:
        return np.ones(profiles.shape[0])
    likeness = csr_array(unit(profiles) @ unit(others).T)
    if skip_own:
        likeness.setdiag(0)
    return np.clip(1.0 - likeness.max(axis=1).toarray().ravel(), 0.0, 1.0)


def unit(profiles: csr_array) -> csr_array:
    """Profiles of length 1, float64, so that those with many items do not drown the others; empty ones stay empty."""
    lengths = np.diff(profiles.indptr)
    data = np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths)
    return csr_array((data, profiles.indices, profiles.indptr), shape=profiles.shape)


def taken(profiles: csr_array) -> NDArray[np.int64]:
    """Users per item, int64 (I,)."""
    return np.bincount(profiles.indices, minlength=profiles.shape[1]).astype(np.int64)


def _clustered(likeness: NDArray[np.float64]) -> NDArray[np.integer]:
    """An order in which items that are taken together are neighbours."""
    if len(likeness) < 3:
        return np.arange(len(likeness))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    apart = 1.0 - np.clip(likeness, 0.0, 1.0)
    np.fill_diagonal(apart, 0.0)
    return np.asarray(leaves_list(linkage(squareform(apart, checks=False), "average", optimal_ordering=True)))
