"""From the values of a column to dense numbers."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as numbers.

    Attributes:
        values: Distinct values; null, if any, is not among them.
        codes: int32 (N,), position in ``values``; ``len(values)`` for null.

    """

    values: pl.Series
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, column: pl.Series) -> "Coded":
        """Number the distinct values of a column, ascending, whatever the order of its rows."""
        values = column.unique().drop_nulls().sort()
        return cls(values, _positions(column, values))

    def find(self, column: pl.Series) -> NDArray[np.int32]:
        """Codes of the values of another column of the same type; ``len(values)`` for those not known."""
        return _positions(column, self.values)

    def decode(self, codes: NDArray[np.integer]) -> pl.Series:
        """The values of these codes; null for the code of null."""
        return self.values.extend_constant(None, 1).gather(codes)

    def reordered(self, order: NDArray[np.integer]) -> "Coded":
        """The same column with the value at ``order[n]`` as the n-th."""
        rank = np.empty(len(order) + 1, dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        rank[-1] = len(order)
        return Coded(self.values.gather(order), rank[self.codes])


def _positions(column: pl.Series, values: pl.Series) -> NDArray[np.int32]:
    if len(values) == 0:
        return np.zeros(len(column), dtype=np.int32)
    numbers = pl.int_range(len(values), dtype=pl.Int32, eager=True)
    return column.replace_strict(values, numbers, default=len(values), return_dtype=pl.Int32).to_numpy()
