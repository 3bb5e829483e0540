"""Robust quantile fences."""

from dataclasses import dataclass
from typing import Literal

import polars as pl


@dataclass(frozen=True)
class Fences:
    """Fences at ``lower`` quantile − m × spread and ``upper`` quantile + m × spread, spread being their distance.

    With quantiles 0.25 and 0.75 and m = 1.5 these are Tukey's (Exploratory Data Analysis, 1977). Quantities
    and prices of shops have long tails and most quantities are 1, so the default is far wider: it catches typing
    errors, not big customers.

    Attributes:
        action: ``clip`` brings outliers to the fence, ``drop`` takes their rows out, ``none`` leaves them.
        lower: Lower quantile, 0 … 0.5.
        upper: Upper quantile, 0.5 … 1.
        multiplier: m, 0 or more.
        columns: Columns that get fences: quantity, price.

    """

    action: Literal["clip", "drop", "none"] = "clip"
    lower: float = 0.01
    upper: float = 0.99
    multiplier: float = 3.0
    columns: tuple[Literal["quantity", "price"], ...] = ("quantity", "price")

    def __post_init__(self) -> None:
        if not 0 <= self.lower <= 0.5:
            raise ValueError(f"lower must be between 0 and 0.5, got {self.lower}")
        if not 0.5 <= self.upper <= 1:
            raise ValueError(f"upper must be between 0.5 and 1, got {self.upper}")
        if not self.multiplier >= 0:
            raise ValueError(f"multiplier must be 0 or more, got {self.multiplier}")

    def fit(self, values: pl.Series) -> tuple[float, float] | None:
        """The two fences for these values; None where there are no values or they do not spread."""
        low, high = values.quantile(self.lower, "linear"), values.quantile(self.upper, "linear")
        if low is None or high is None or not high > low:
            return None
        margin = self.multiplier * (high - low)
        return float(low - margin), float(high + margin)
