"""What a network has to know of the shop before it can be built."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def _nothing() -> NDArray[np.float32]:
    return np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items, and how wide the conditions are.

    Attributes:
        n_items: Size I of the catalogue.
        item_vectors: float32 (I, d), vectors of items from warm behaviour.
        log_popularity: float32 (I,), log of each item's share of warm behaviour (shares sum to 1).
        log_recent: float32 (I, R), log of each item's share of warm behaviour in which recent touches count for more,
            one column per half-life; R is 0 without times.
        item_features: float32 (I, T), numeric features of items (text, price); T may be 0.
        user_cardinalities: Number of classes of each user category, code 0 (unknown) included.
        user_numbers: Number of numeric user features.
        calendar_width: Number of calendar features.

    """

    n_items: int
    item_vectors: NDArray[np.float32]
    log_popularity: NDArray[np.float32]
    log_recent: NDArray[np.float32] = field(default_factory=_nothing)
    item_features: NDArray[np.float32] = field(default_factory=_nothing)
    user_cardinalities: tuple[int, ...] = ()
    user_numbers: int = 0
    calendar_width: int = 0

    def __post_init__(self) -> None:
        if self.n_items < 1:
            raise ValueError(f"n_items must be at least 1, got {self.n_items}")
        if self.item_vectors.ndim != 2 or len(self.item_vectors) != self.n_items:
            raise ValueError(f"item_vectors must be ({self.n_items}, d), got {self.item_vectors.shape}")
        if self.log_popularity.shape != (self.n_items,):
            raise ValueError(f"log_popularity must be ({self.n_items},), got {self.log_popularity.shape}")
        if self.item_features.size and len(self.item_features) != self.n_items:
            raise ValueError(f"item_features must be ({self.n_items}, T), got {self.item_features.shape}")
        if self.log_recent.size and len(self.log_recent) != self.n_items:
            raise ValueError(f"log_recent must be ({self.n_items}, R), got {self.log_recent.shape}")
        for name in ("item_vectors", "log_popularity", "log_recent", "item_features"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"{name} must be finite")

    @property
    def dimensions(self) -> int:
        """Width d of the item vectors."""
        return int(self.item_vectors.shape[1])

    @property
    def feature_width(self) -> int:
        """Width T of the numeric item features."""
        return int(self.item_features.shape[1]) if self.item_features.size else 0

    @property
    def priors(self) -> NDArray[np.float32]:
        """Log shares of warm behaviour, float32 (I, 1 + R): over all time first, then the recent ones."""
        columns = [self.log_popularity[:, None], *([self.log_recent] if self.log_recent.size else [])]
        return np.concatenate(columns, axis=1)
