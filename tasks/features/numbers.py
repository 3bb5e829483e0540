"""Columns of numbers as scaled features, with a column that tells what was missing."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.features.scaling import Scaler, Scaling

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NumberColumns:
    """Scaled numbers, then one 0/1 column per number that was missing in some training row.

    An indicator that was 0 throughout training would carry an untrained weight, so there is none for columns
    that were always present; a value missing there later is read as the centre.

    Attributes:
        columns: Names of the N columns.
        scaler: Their scaling.
        was_missing: bool (N,), whether a training row lacked the number.

    """

    columns: tuple[str, ...]
    scaler: Scaler
    was_missing: NDArray[np.bool_]

    @classmethod
    def fit(cls, frame: pl.DataFrame, columns: tuple[str, ...], scaling: Scaling, clip: float) -> "NumberColumns":
        """Fit to the training rows of ``frame``."""
        values = numbers_of(frame, columns)
        missing = np.asarray(~np.isfinite(values))
        return cls(columns, Scaler.fit(values, scaling, clip), np.asarray(missing.any(axis=0)))

    @property
    def width(self) -> int:
        """Number of feature columns: numbers and indicators."""
        return len(self.columns) + int(self.was_missing.sum())

    def transform(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Features of the rows of ``frame``: float32 (n, width), 0 where a number is missing."""
        return self.scaled(numbers_of(frame, self.columns))

    def scaled(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Features of values (n, N), NaN where one is missing: float32 (n, width)."""
        missing = ~np.isfinite(values[:, self.was_missing])
        return np.concatenate([self.scaler.transform(values), missing.astype(np.float32)], axis=1)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {
            "columns": list(self.columns),
            "scaler": self.scaler.to_json(),
            "was_missing": self.was_missing.tolist(),
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "NumberColumns":
        """The columns that ``to_json`` wrote."""
        columns = tuple(str(column) for column in state["columns"])
        return cls(columns, Scaler.from_json(state["scaler"]), np.array(state["was_missing"], dtype=np.bool_))


def numbers_of(frame: pl.DataFrame, columns: tuple[str, ...]) -> NDArray[np.float64]:
    """Columns as float64 (n, N), NaN where a value is null, absent or no number (counted in the log)."""
    table = np.full((frame.height, len(columns)), np.nan)
    for position, column in enumerate(columns):
        if column not in frame.columns:
            continue
        values = frame.get_column(column)
        numbers = values.cast(pl.Float64, strict=False)
        lost = numbers.null_count() - values.null_count()
        if lost:
            logger.warning("%d values of column %s are no numbers and count as missing", lost, column)
        table[:, position] = numbers.to_numpy()
    return table
