"""Coverage of the catalogue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.metrics.base import ItemPopularity, times_recommended


@dataclass(frozen=True)
class Coverage:
    """Share of the catalogue that is recommended to anybody: between 0 and 1."""

    def overall(self, ids: NDArray[np.int32], popularity: ItemPopularity) -> float:
        """One value for these lists; see ``ListMetric``."""
        times = times_recommended(ids, len(popularity.holders))
        return float(np.count_nonzero(times) / len(times)) if times.any() else float("nan")
