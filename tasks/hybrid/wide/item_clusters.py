"""A catalogue in clusters: what lies far out in a direction, without a look at every item.

Inverted lists with exact products inside (Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor
search", section IV), and moments per cluster, which say where it is worth to look, and how much lies elsewhere.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.hybrid.wide import cluster_kernels

Array = NDArray[np.float32]

_SAMPLED_PER_CLUSTER = 64
"""Items that the centres are found with."""
_ASSIGNED_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class ItemClusters:
    """Items in the order of their clusters.

    Attributes:
        items: int32 (I,), rows of the catalogue, those of a cluster next to each other.
        place: int32 (I,), where each row of the catalogue stands.
        starts: int64 (C + 1,), boundaries of the clusters; none is empty.
        table: float32 (I, D), vectors in this order.
        means: float32 (D, C).
        variances: float32 (D, C).

    """

    items: NDArray[np.int32]
    place: NDArray[np.int32]
    starts: NDArray[np.int64]
    table: Array
    means: Array
    variances: Array

    @classmethod
    def of(cls, vectors: Array, clusters: int, seed: int = 0) -> "ItemClusters":
        """Find the clusters: k-means on a sample, everything else to the nearest centre.

        Args:
            vectors: float32 (I, D).
            clusters: How many at most; a square root of I serves well.
            seed: Of the sample and of the first centres.

        """
        from sklearn.cluster import KMeans

        random = np.random.default_rng(seed)
        clusters = max(1, min(clusters, len(vectors)))
        rows = random.choice(len(vectors), min(len(vectors), clusters * _SAMPLED_PER_CLUSTER), replace=False)
        found = KMeans(clusters, init="random", n_init=1, max_iter=10, random_state=seed).fit(vectors[np.sort(rows)])
        centres = found.cluster_centers_.astype(np.float32)
        label = np.empty(len(vectors), dtype=np.int32)
        offsets = np.square(centres).sum(axis=1) / 2
        for start in range(0, len(vectors), _ASSIGNED_AT_ONCE):
            some = slice(start, start + _ASSIGNED_AT_ONCE)
            label[some] = (vectors[some] @ centres.T - offsets).argmax(axis=1)
        return cls._sorted(vectors, label)

    @classmethod
    def _sorted(cls, vectors: Array, label: NDArray[np.int32]) -> "ItemClusters":
        items = np.argsort(label, kind="stable").astype(np.int32)
        sizes = np.bincount(label)
        starts = np.concatenate([[0], np.cumsum(sizes[sizes > 0])])
        place = np.empty_like(items)
        place[items] = np.arange(len(items), dtype=np.int32)
        table = vectors[items]
        bounds = [slice(first, last) for first, last in pairwise(starts)]
        means = np.stack([table[one].mean(axis=0) for one in bounds], axis=1)
        variances = np.stack([table[one].var(axis=0) for one in bounds], axis=1)
        return cls(items, place, starts, table, np.ascontiguousarray(means), np.ascontiguousarray(variances))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Items of each cluster, int64 (C,)."""
        return np.diff(self.starts)

    def items_of(self, clusters: int) -> int:
        """Items of so many clusters of average size, at least 1."""
        return max(1, round(clusters * len(self.items) / len(self)))

    def spread(self, directions: Array) -> tuple[Array, Array]:
        """Mean and variance of the products with the items of each cluster, as if dimensions were independent.

        Args:
            directions: float32 (R, D).

        Returns:
            float32 (R, C) each.

        """
        return directions @ self.means, np.square(directions) @ self.variances

    def best(
        self, directions: Array, mean: Array, variance: Array, shift: Array, probes: int, enough: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], Array]:
        """Look into the clusters whose best item is taken to be best for any of the directions.

        They hold as many items as ``probes`` clusters of average size: sizes differ by thousands, and a fixed number of
        clusters would look into little where small ones are promising. Fewer where the first of them already hold
        ``enough`` items that are better than the others promise.

        Args:
            directions: float32 (R, D).
            mean: float32 (R, C), as ``spread`` tells it.
            variance: float32 (R, C), likewise.
            shift: float32 (R,), taken off the products to make them comparable over directions.
            probes: How many, at most.
            enough: At least 1.

        Returns:
            Clusters that were looked into, (P,); their items, int32 (n,); and the products, float32 (n, R).

        """
        promise, most = cluster_kernels.promises(mean, variance, shift), self.items_of(probes)
        found: tuple[NDArray[np.int64], NDArray[np.int32], Array] = cluster_kernels.look(
            directions, promise, shift, self.starts, self.items, self.table, most, enough
        )
        return found

    def at(self, directions: Array, items: NDArray[np.integer]) -> Array:
        """Products with these items, float32 (n, R).

        Args:
            directions: float32 (R, D).
            items: Rows of the catalogue, (n,).

        """
        found: Array = cluster_kernels.at(directions, items, self.place, self.table)
        return found
