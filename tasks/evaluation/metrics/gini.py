"""Gini coefficient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.metrics.base import ItemPopularity, times_recommended


@dataclass(frozen=True)
class Gini:
    """How unevenly recommendations fall on the catalogue: 0 for evenly, near 1 for all on one item.

    Items that are never recommended are counted. For times x in rising order, i = 1 … I:
    G = Σ (2 i − I − 1) x_i / (I Σ x_i).
    """

    def overall(self, ids: NDArray[np.int32], popularity: ItemPopularity) -> float:
        """One value for these lists; see ``ListMetric``."""
        times = np.sort(times_recommended(ids, len(popularity.holders)))
        items, total = len(times), times.sum()
        if total == 0:
            return float("nan")
        place = 2.0 * np.arange(1, items + 1) - items - 1
        return float(place @ times / (items * total))
