"""From the values of a column to dense numbers."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.ingestion.ordering import sort_rows


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
        if column.dtype == pl.String:
            return _of_text(column)
        if column.dtype.is_integer() and column.null_count() == 0:
            return _of_integers(column)
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
        return Coded(self.values.gather(order), _ranks(order)[self.codes])


def _of_text(column: pl.Series) -> Coded:
    """Through a dictionary in order of appearance (one pass over the text), put into the order of the values."""
    categories = pl.Categories.random()
    dictionary = column.cast(pl.Categorical(categories))
    values = categories.to_series().cast(pl.String)
    order = values.arg_sort().to_numpy()
    appearance = dictionary.to_physical()
    if column.null_count():
        appearance = appearance.fill_null(len(values))
    return Coded(values.gather(order).alias(column.name), _ranks(order)[appearance.to_numpy()])


def _of_integers(column: pl.Series) -> Coded:
    numbers = column.to_numpy()
    order, starts = sort_rows([numbers])
    codes = np.empty(len(numbers), dtype=np.int32)
    ranks = np.cumsum(starts, dtype=np.int32)
    ranks -= 1
    codes[order] = ranks
    return Coded(pl.Series(column.name, numbers[order[starts]], dtype=column.dtype), codes)


def _positions(column: pl.Series, values: pl.Series) -> NDArray[np.int32]:
    if len(values) == 0:
        return np.zeros(len(column), dtype=np.int32)
    numbers = pl.int_range(len(values), dtype=pl.Int32, eager=True)
    return column.replace_strict(values, numbers, default=len(values), return_dtype=pl.Int32).to_numpy()


def _ranks(order: NDArray[np.integer]) -> NDArray[np.int32]:
    """Place of each value in the order; null keeps the last number."""
    ranks = np.empty(len(order) + 1, dtype=np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    ranks[-1] = len(order)
    return ranks
