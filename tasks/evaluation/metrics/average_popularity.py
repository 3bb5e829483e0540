"""Average popularity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.metrics.base import ItemPopularity, mean_over_lists


@dataclass(frozen=True)
class AveragePopularity:
    """Mean share of warm users that hold the recommended items: between 0 and 1."""

    def overall(self, ids: NDArray[np.int32], popularity: ItemPopularity) -> float:
        """One value for these lists; see ``ListMetric``."""
        return mean_over_lists(ids, popularity.shares)
