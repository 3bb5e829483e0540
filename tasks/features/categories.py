"""Classes as codes: 0 for the unknown, 1 … n for the values that training rows held."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.features.identity import as_text

UNKNOWN = 0
"""Code of a value that is missing, rare or was never seen in training."""


@dataclass(frozen=True, slots=True)
class CategoryCodes:
    """Codes of one column: ``values[n]`` has the code ``n + 1``.

    Attributes:
        column: Name of the column.
        values: Known values as text, sorted.

    """

    column: str
    values: tuple[str, ...]

    @classmethod
    def fit(cls, values: pl.Series, rarest: int) -> "CategoryCodes":
        """Codes for the values that at least ``rarest`` rows of the series (n,) hold."""
        counts = as_text(values).drop_nulls().alias("value").to_frame().group_by("value").len()
        kept = counts.filter(pl.col("len") >= rarest).get_column("value").sort()
        return cls(values.name, tuple(kept.to_list()))

    @property
    def cardinality(self) -> int:
        """Number of codes, the unknown included."""
        return len(self.values) + 1

    def transform(self, values: pl.Series) -> NDArray[np.int32]:
        """Codes of the values (n,): int32 (n,)."""
        if not self.values:
            return np.full(len(values), UNKNOWN, dtype=np.int32)
        codes = as_text(values).replace_strict(
            pl.Series(self.values, dtype=pl.String),
            pl.Series(range(1, self.cardinality), dtype=pl.Int32),
            default=UNKNOWN,
            return_dtype=pl.Int32,
        )
        return codes.fill_null(UNKNOWN).to_numpy().astype(np.int32)

    def to_json(self) -> dict[str, Any]:
        """The codes as plain JSON values."""
        return {"column": self.column, "values": list(self.values)}

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "CategoryCodes":
        """The codes that ``to_json`` wrote."""
        return cls(str(state["column"]), tuple(str(value) for value in state["values"]))
