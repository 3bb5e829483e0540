"""Mean reciprocal rank."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.hits import Hits


@dataclass(frozen=True)
class ReciprocalRank:
    """1 / rank of the first target among the first k items, 0 where there is none."""

    def per_user(self, hits: Hits, k: int) -> NDArray[np.float64]:
        """Value per user, float64 (U,); see ``AccuracyMetric``."""
        # The ranks before the first hit are those at which nothing has been found.
        before = (hits.found[:, : hits.within(k)] == 0).sum(axis=1)
        return hits.defined(np.where(before < k, 1.0 / (before + 1), 0.0))
