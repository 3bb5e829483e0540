"""Virtual behaviour: interactions that a generator made up."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True)
class VirtualBehaviour:
    """Virtual interactions of users, kept apart from real ones: never a target, never masked.

    Attributes:
        matrix: CSR (users, I), float32 weights > 0.
        origin: What made them, for example ``conditional`` or ``fill_popular``.
        seed: The seed of the draws.

    """

    matrix: csr_array
    origin: str
    seed: int

    def __post_init__(self) -> None:
        if self.matrix.dtype != np.float32:
            raise ValueError(f"virtual weights must be float32, got {self.matrix.dtype}")
        if self.matrix.nnz and not (np.isfinite(self.matrix.data).all() and self.matrix.data.min() > 0):
            raise ValueError("virtual weights must be finite and positive")
