"""Everything a fit may see."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from tasks.domain.histories import Warm
from tasks.domain.new_users import Posed, UserFeatures
from tasks.domain.virtual import VirtualBehaviour


@dataclass(frozen=True, slots=True)
class ItemFeatures:
    """Encoded features of the catalogue's items, fitted on rows before the cut.

    Attributes:
        text: float32 (I, T), text vectors; zero rows where an item has no text.
        categories: int32 (I, F), 0 is unknown.
        numbers: float32 (I, N), scaled; 0 where missing.

    """

    text: NDArray[np.float32]
    categories: NDArray[np.int32]
    numbers: NDArray[np.float32]

    @classmethod
    def none(cls, items: int) -> "ItemFeatures":
        """No features at all for this many items."""
        return cls(
            np.zeros((items, 0), dtype=np.float32),
            np.zeros((items, 0), dtype=np.int32),
            np.zeros((items, 0), dtype=np.float32),
        )


@dataclass(frozen=True, slots=True)
class Training:
    """What recommenders and generators are fitted on: warm users only.

    Attributes:
        warm: The warm users.
        user_features: Encoded side features of the warm users, U rows.
        item_features: Encoded features of the catalogue, I rows.
        episodes: The question posed to the warm users that give episodes, one entry per number of shots.
        virtual_rows: Virtual users (V, I) to be appended as further rows; None for real behaviour only.

    """

    warm: Warm
    user_features: UserFeatures
    item_features: ItemFeatures
    episodes: tuple[Posed, ...] = ()
    virtual_rows: VirtualBehaviour | None = None

    @property
    def n_items(self) -> int:
        """Size I of the catalogue."""
        return self.warm.n_items

    def behaviour(self) -> csr_array:
        """CSR (U, I), or (U + V, I) with the virtual users as the last rows, float32."""
        real = self.warm.matrix()
        if self.virtual_rows is None:
            return real
        return csr_array(vstack([real, self.virtual_rows.matrix], format="csr"))

    def with_virtual_rows(self, rows: VirtualBehaviour | None) -> "Training":
        """The same training data with these virtual users appended."""
        return replace(self, virtual_rows=rows)
