"""Scaling of numbers; fitted on training rows, safe with constant columns and missing values."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Scaling = Literal["standard", "robust", "min_max"]


@dataclass(frozen=True, slots=True)
class Scaler:
    """Scales the columns of a table: (value − centre) / scale, held within ± clip, 0 where missing.

    Attributes:
        centre: float64 (N,).
        scale: float64 (N,), > 0; 1 for a column that never varied in training.
        clip: Largest absolute value after scaling, > 0.

    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    clip: float

    @classmethod
    def fit(cls, values: NDArray[np.float64], scaling: Scaling, clip: float = 10.0) -> "Scaler":
        """Fit to training rows.

        Args:
            values: float64 (n, N); NaN and infinities count as missing.
            scaling: ``standard``: mean and standard deviation (of the population). ``robust``: median and
                interquartile range, or the standard deviation where the middle half is one value. ``min_max``:
                minimum and range, which maps training rows to 0 … 1.
            clip: Largest absolute value after scaling, > 0.

        """
        columns = [_centre_and_scale(column[np.isfinite(column)], scaling) for column in values.T]
        return cls(np.array([centre for centre, _ in columns]), np.array([scale for _, scale in columns]), clip)

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scaled values, float32 (n, N), finite; 0 where ``values`` (n, N) is NaN or infinite."""
        scaled = (np.where(np.isfinite(values), values, self.centre) - self.centre) / self.scale
        scaled = np.clip(scaled, -self.clip, self.clip)
        return np.where(np.isfinite(values), scaled, 0.0).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Centre, scale and clip as plain JSON values (exact)."""
        return {"centre": self.centre.tolist(), "scale": self.scale.tolist(), "clip": self.clip}

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "Scaler":
        """The scaler that ``to_json`` wrote."""
        centre = np.array(state["centre"], dtype=np.float64)
        return cls(centre, np.array(state["scale"], dtype=np.float64), float(state["clip"]))


def _centre_and_scale(values: NDArray[np.float64], scaling: Scaling) -> tuple[float, float]:
    if len(values) == 0:
        return 0.0, 1.0
    if scaling == "standard":
        centre, scale = values.mean(), values.std()
    elif scaling == "robust":
        low, centre, high = np.percentile(values, [25, 50, 75])
        scale = high - low or values.std()
    else:
        centre, scale = values.min(), np.ptp(values)
    # What rounding leaves of a constant column is no spread.
    varies = np.isfinite(scale) and scale > 1e-12 * max(1e-300, float(np.abs(values).max()))
    return float(centre), float(scale) if varies else 1.0
