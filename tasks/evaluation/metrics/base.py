"""The two kinds of metric."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NO_ITEM
from tasks.evaluation.hits import Hits


@dataclass(frozen=True, slots=True)
class ItemPopularity:
    """How many warm users hold each item of the catalogue.

    Attributes:
        holders: int64 (I,), warm users that touched the item.
        users: Number of warm users, at least 1.

    """

    holders: NDArray[np.int64]
    users: int

    def __post_init__(self) -> None:
        if self.users < 1:
            raise ValueError(f"users must be at least 1, got {self.users}")

    @classmethod
    def of(cls, behaviour: csr_array) -> "ItemPopularity":
        """Count the warm users' matrix, CSR (U, I), one stored value per user and item."""
        users, items = behaviour.shape
        return cls(np.bincount(behaviour.indices, minlength=items).astype(np.int64), users)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of warm users that hold each item, float64 (I,), between 0 and 1."""
        return self.holders / self.users


@runtime_checkable
class AccuracyMetric(Protocol):
    """Whether what was recommended was found: one value per user, averaged afterwards."""

    def per_user(self, hits: Hits, k: int) -> NDArray[np.float64]:
        """Value per user, float64 (U,); ``nan`` for users without targets.

        Args:
            hits: Lists of at least ``k`` items held against the targets.
            k: Length of the list that counts, at least 1.

        Raises:
            ValueError: The lists are shorter than ``k``.

        """
        ...


@runtime_checkable
class ListMetric(Protocol):
    """What lists look like, whatever was found: one value for all users together."""

    def overall(self, ids: NDArray[np.int32], popularity: ItemPopularity) -> float:
        """One value for these lists; ``nan`` where nothing was recommended.

        Args:
            ids: int32 (U, k), already cut at k; ``NO_ITEM`` at the end of short lists.
            popularity: Of the catalogue's items among warm users.

        """
        ...


Metric = AccuracyMetric | ListMetric


def mean_over_lists(ids: NDArray[np.int32], values: NDArray[np.float64]) -> float:
    """Mean over users of the mean value of their recommended items.

    Args:
        ids: int32 (U, k), ``NO_ITEM`` where a list ran out.
        values: float64 (I,), a value per item.

    Returns:
        The mean; ``nan`` where no user has an item.

    """
    listed = ids != NO_ITEM
    lengths = listed.sum(axis=1)
    sums = np.where(listed, values[ids], 0.0).sum(axis=1)
    some = lengths > 0
    return float((sums[some] / lengths[some]).mean()) if some.any() else float("nan")


def times_recommended(ids: NDArray[np.int32], items: int) -> NDArray[np.int64]:
    """How often each item stands in a list, int64 (items,)."""
    return np.bincount(ids[ids != NO_ITEM], minlength=items).astype(np.int64)
