"""Kinds of events (view, cart, purchase) in a request, and how much each counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.errors import DataError
from tasks.features.identity import as_text

_NAMED = 10
"""Unknown kinds that a message names at most."""


@dataclass(frozen=True, slots=True)
class EventKinds:
    """The weights that a model was trained with.

    Attributes:
        weights: Weight per kind, at least 0: events of weight 0 are left out; None where all events of the log counted
            alike.
        usual: Weight of an event of which no kind is told: the one that most first touches of the training had.
        unknown: Events of other kinds: an ``error``, or ``ignore`` leaves them out.

    """

    weights: Mapping[str, float] | None = None
    usual: float = 1.0
    unknown: Literal["error", "ignore"] = "ignore"

    def weight(self, kind: str | None) -> float:
        """Weight of an event; 0 for a kind that does not count, or that the model does not know."""
        return self.usual if kind is None or self.weights is None else float(self.weights.get(kind, 0.0))

    def problem(self, kind: str | None) -> str | None:
        """Why an event of this kind must be refused; None where it need not be."""
        if kind is None or self.weights is None or kind in self.weights or self.unknown == "ignore":
            return None
        return f"expected one of the kinds of events that the model knows ({', '.join(self.weights)}), got {kind!r}"

    def weigh(self, events: pl.DataFrame) -> NDArray[np.float32]:
        """Weight of each event, float32 (n,), as ``weight`` has it.

        Args:
            events: n rows, with or without a column ``kind``.

        """
        if self.weights is None or Column.KIND not in events.columns:
            return np.full(events.height, self.usual, dtype=np.float32)
        kinds = as_text(events.get_column(Column.KIND))
        told = kinds.fill_null("").replace_strict(
            ["", *self.weights], [self.usual, *self.weights.values()], default=0.0
        )
        return told.to_numpy().astype(np.float32)

    def unknown_in(self, events: pl.DataFrame) -> pl.Series:
        """The kinds of events that the model does not know, one entry per event; arguments as in ``weigh``."""
        if self.weights is None or Column.KIND not in events.columns:
            return pl.Series(Column.KIND, [], dtype=pl.String)
        kinds = as_text(events.get_column(Column.KIND)).drop_nulls()
        return kinds.filter(~kinds.is_in(list(self.weights)))

    def check(self, events: pl.DataFrame) -> None:
        """Refuse events of kinds that the model does not know, unless it was trained to ignore them.

        Raises:
            DataError: There are any; names the kinds.

        """
        unknown = self.unknown_in(events)
        if self.unknown == "error" and len(unknown):
            names = ", ".join(map(repr, unknown.unique().sort().to_list()[:_NAMED]))
            known = ", ".join(self.weights or ())
            raise DataError(
                f"column {Column.KIND!r}: expected the kinds of events that the model knows ({known}), found {names} "
                f"in {len(unknown):,} of {events.height:,} events. Correct them, leave these rows out, "
                "or train with dataset.unknown_kinds=ignore"
            )


def usual_weight(weights: NDArray[np.float32]) -> float:
    """The most common weight; 1 where there is none."""
    values, counts = np.unique(weights, return_counts=True)
    return float(values[counts.argmax()]) if len(values) else 1.0
