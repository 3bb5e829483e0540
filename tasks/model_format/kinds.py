"""Kinds of events (view, cart, purchase) in a request, and how much each counts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.features.identity import as_text


@dataclass(frozen=True, slots=True)
class EventKinds:
    """The weights that a model was trained with.

    Attributes:
        weights: Weight per kind, > 0; None where all events of the log counted alike.
        usual: Weight of an event of which no kind is told: the one that most first touches of the training had.

    """

    weights: Mapping[str, float] | None = None
    usual: float = 1.0

    def weigh(self, events: pl.DataFrame) -> NDArray[np.float32]:
        """Weight of each event, float32 (n,); 0 for a kind that the model does not know.

        Args:
            events: n rows, with or without a column ``kind``.

        """
        if self.weights is None or Column.KIND not in events.columns:
            return np.full(events.height, self.usual, dtype=np.float32)
        kinds = as_text(events.get_column(Column.KIND))
        known = kinds.replace_strict(list(self.weights), list(self.weights.values()), default=0.0)
        return known.fill_null(0.0).to_numpy().astype(np.float32)


def usual_weight(weights: NDArray[np.float32]) -> float:
    """The most common weight; 1 where there is none."""
    values, counts = np.unique(weights, return_counts=True)
    return float(values[counts.argmax()]) if len(values) else 1.0
