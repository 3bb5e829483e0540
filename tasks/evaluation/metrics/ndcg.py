"""Normalised discounted cumulative gain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.hits import Hits


@dataclass(frozen=True)
class Ndcg:
    """Hits weighted by 1 / log2(rank + 1), over the best a list of k items could reach: between 0 and 1.

    Binary gain; the ideal list holds min(k, |T|) targets. Järvelin and Kekäläinen, "Cumulated gain-based
    evaluation of IR techniques", ACM TOIS 20(4), 2002.
    """

    def per_user(self, hits: Hits, k: int) -> NDArray[np.float64]:
        """Value per user, float64 (U,); see ``AccuracyMetric``."""
        discounts = 1.0 / np.log2(np.arange(2, hits.within(k) + 2))
        ideal = np.concatenate(([1.0], np.cumsum(discounts)))  # by number of targets; 1 where there is none
        return hits.defined(hits.is_hit[:, :k] @ discounts / ideal[np.minimum(hits.targets, k)])
