"""Mean average precision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.hits import Hits


@dataclass(frozen=True)
class AveragePrecision:
    """Precision at the rank of each hit among the first k items, summed, over |T|: between 0 and 1.

    Divided by all targets, not by min(k, |T|), as ``ranx`` does: with more than k targets it cannot reach 1.
    """

    def per_user(self, hits: Hits, k: int) -> NDArray[np.float64]:
        """Value per user, float64 (U,); see ``AccuracyMetric``."""
        ranks = np.arange(1, hits.within(k) + 1)
        precision = (hits.found[:, :k] * hits.is_hit[:, :k]) @ (1.0 / ranks)
        return hits.defined(precision / np.maximum(hits.targets, 1))
