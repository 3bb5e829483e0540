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
        return hits.defined(np.where(hits.first < hits.within(k), 1.0 / (hits.first + 1), 0.0))
