"""Recall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.hits import Hits


@dataclass(frozen=True)
class Recall:
    """Share of the targets among the first k items: hits / |T|, between 0 and 1.

    With more than k targets it cannot reach 1.
    """

    def per_user(self, hits: Hits, k: int) -> NDArray[np.float64]:
        """Value per user, float64 (U,); see ``AccuracyMetric``."""
        return hits.defined(hits.found[:, hits.within(k) - 1] / np.maximum(hits.targets, 1))
