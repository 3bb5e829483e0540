"""Novelty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.metrics.base import ItemPopularity, mean_over_lists


@dataclass(frozen=True)
class Novelty:
    """Mean self-information of the recommended items: −log2 of the share of warm users that hold them, in bits.

    An item that no warm user holds counts as held by one.
    """

    def overall(self, ids: NDArray[np.int32], popularity: ItemPopularity) -> float:
        """One value for these lists; see ``ListMetric``."""
        return mean_over_lists(ids, -np.log2(np.maximum(popularity.holders, 1) / popularity.users))
