"""The few numbers that attention learns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.recommenders.attention.looks import ITEM_FEATURES, NEIGHBOUR_FEATURES, Looks

_NEIGHBOURS, _ITEMS = len(NEIGHBOUR_FEATURES), len(ITEM_FEATURES)
COUNT = _NEIGHBOURS + _ITEMS + 2


def start() -> NDArray[np.float64]:
    """Where learning starts: UserKNN weighed by similarity and the plain mean of the items' neighbours, half each."""
    values = np.zeros(COUNT)
    values[0] = 1.0
    return values


@dataclass(frozen=True, slots=True)
class AttentionWeights:
    """Weights of what speaks for a place, and of neighbours against items.

    Attributes:
        values: float64 (COUNT,): of the neighbours' features, of the items', then of the balance: constant and
            log(1 + n).
        virtual: Added to the logit of what is virtual, times how much of it is.

    """

    values: NDArray[np.float64]
    virtual: float

    def neighbours(self, looks: Looks) -> NDArray[np.float64]:
        """Logits of neighbours."""
        return self._logits(looks, self.values[:_NEIGHBOURS])

    def items(self, looks: Looks) -> NDArray[np.float64]:
        """Logits of the profile's items."""
        return self._logits(looks, self.values[_NEIGHBOURS : _NEIGHBOURS + _ITEMS])

    def balance(self, shots: NDArray[np.floating] | NDArray[np.integer]) -> NDArray[np.float64]:
        """How much neighbours count against items at this many items in the profile, 0 … 1, (B,)."""
        constant, slope = self.values[-2:]
        balance: NDArray[np.float64] = 1 / (1 + np.exp(-(constant + slope * np.log1p(shots))))
        return balance

    def _logits(self, looks: Looks, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        logits: NDArray[np.float64] = looks.features @ weights + self.virtual * looks.virtual + looks.log_weights
        return logits
