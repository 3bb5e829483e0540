"""Hit rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.hits import Hits


@dataclass(frozen=True)
class HitRate:
    """Whether the first k items hold at least one target: 1 or 0."""

    def per_user(self, hits: Hits, k: int) -> NDArray[np.float64]:
        """Value per user, float64 (U,); see ``AccuracyMetric``."""
        return hits.defined((hits.found[:, hits.within(k) - 1] > 0).astype(np.float64))
