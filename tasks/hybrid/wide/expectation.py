"""The conditional generator over a catalogue in clusters: what one user is expected to take, where that is likely."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightning_modules.conditions import Episodes
from tasks.hybrid.wide import cluster_kernels as kernels
from tasks.hybrid.wide.item_clusters import ItemClusters
from tasks.hybrid.wide.settings import WideSettings
from tasks.training.online_conditional import OnlineConditional

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class WideExpectation:
    """Mean probabilities over draws of one user.

    Attributes:
        items: int32 (n,), rows of the catalogue that were looked at: all of the promising clusters.
        probabilities: float32 (n,), theirs; 0 at support items.

    """

    items: NDArray[np.int32]
    probabilities: Array
    _clusters: ItemClusters
    _directions: Array
    _shift: Array
    _shares: Array
    _support: NDArray[np.int32]

    def at(self, items: NDArray[np.integer]) -> Array:
        """Mean probabilities of any items, float32 (n,), 0 at support items."""
        clusters = self._clusters
        found: Array = kernels.probabilities_at(
            self._directions, items, clusters.place, clusters.table, self._shift, self._shares, self._support
        )
        return found


class WideConditional:
    """As ``OnlineConditional``, with a pass over some clusters in the place of one over all items.

    What lies in other clusters counts in the sum that makes probabilities of odds by the moments of its cluster, as
    if dimensions were normal and independent: log E[exp(x)] = mean + variance / 2.

    Args:
        online: The generator.
        clusters: Of ``online.vectors``.
        settings: How far they are looked into.

    """

    def __init__(self, online: OnlineConditional, clusters: ItemClusters, settings: WideSettings) -> None:
        self._online, self._clusters = online, clusters
        self._enough = settings.depth_of(len(clusters.items))
        self._most = clusters.items_of(settings.probes_of(len(clusters.items)))
        self._log_sizes = np.log(clusters.sizes).astype(np.float32)

    def expected(self, episodes: Episodes, ids: NDArray[np.uint64], *, draws: int, seed: int) -> list[WideExpectation]:
        """Mean probabilities over draws of each of B users.

        Args:
            episodes: B users.
            ids: uint64 (B,), seed the noise.
            draws: Number of draws, at least 1.
            seed: Any integer.

        """
        starts = episodes.support_indptr
        latent = self._online.latent(episodes, ids, draws=draws, seed=seed)
        return [
            self._of(self._online.directions(one), episodes.support_items[starts[row] : starts[row + 1]])
            for row, one in enumerate(latent)
        ]

    def _of(self, directions: Array, support: NDArray[np.int32]) -> WideExpectation:
        clusters, interests = self._clusters, self._online.interests
        looked, items, odds, shift, rest = kernels.odds_of(
            directions, interests, clusters.means, clusters.variances, self._log_sizes,
            clusters.starts, clusters.items, clusters.table, self._most, self._enough,
        )  # fmt: skip
        np.exp(odds, out=odds)  # several at once, as compiled loops do not
        probabilities, shares = kernels.normalise(
            odds, rest, interests, support, clusters.place, looked, clusters.starts
        )
        return WideExpectation(items, probabilities, clusters, directions, shift, shares, support)
