"""Scores of one user that know their head at once, and every other item when asked."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.hybrid.online.select import head
from tasks.hybrid.wide.expectation import WideExpectation
from tasks.hybrid.wide.item_clusters import ItemClusters
from tasks.hybrid.wide.settings import WideSettings

Floats = NDArray[np.float32]
Items = NDArray[np.int32]


class Part(Protocol):
    """One score of one user, not negative, of which every item can be asked.

    Attributes:
        items: int32 (n,), the items that it brings up.
        values: float32 (n,), theirs.
        mean: Over all items.

    """

    @property
    def items(self) -> Items: ...  # noqa: D102 - as the class says
    @property
    def values(self) -> Floats: ...  # noqa: D102
    @property
    def mean(self) -> float: ...  # noqa: D102

    def at(self, items: Items) -> Floats:
        """Values of any items, float32 (n,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What was written down for every item.

    Attributes:
        items: int32 (n,), those with the largest values.
        mean: Over all items.
        everywhere: float32 (I,), the values.

    """

    items: Items
    mean: float
    everywhere: Floats

    @classmethod
    def of(cls, everywhere: Floats, depth: int) -> "Written":
        """With the ``depth`` largest at hand.

        Args:
            everywhere: float32 (I,).
            depth: How many.

        """
        return cls(head(everywhere, depth).astype(np.int32), float(everywhere.mean()), everywhere)


@dataclass(frozen=True, slots=True, eq=False)
class Factored:
    """Factors of one user against those of the items; what is below 0 counts as 0.

    Attributes:
        items: Those of the clusters that were looked into.
        values: As in ``Part``.
        mean: Of what was looked at, over all items.
        clusters: Of the items' factors.
        direction: float32 (1, D), factors of the user.

    """

    items: Items
    values: Floats
    mean: float
    clusters: ItemClusters
    direction: Floats

    @classmethod
    def of(cls, clusters: ItemClusters, direction: Floats, settings: WideSettings) -> "Factored":
        """Look into the most promising clusters."""
        nothing = np.zeros(1, dtype=np.float32)
        probes, depth = settings.probes_of(len(clusters.items)), settings.depth_of(len(clusters.items))
        _, items, products = clusters.best(direction, *clusters.spread(direction), nothing, probes, depth)
        values = np.maximum(products[:, 0], 0)
        return cls(items, values, float(values.sum() / len(clusters.items)), clusters, direction)

    def at(self, items: Items) -> Floats:
        """As in ``Part``."""
        return np.maximum(self.clusters.at(self.direction, items)[:, 0], 0)


@dataclass(frozen=True, slots=True)
class Generated:
    """What the generator expects of one user.

    Attributes:
        expectation: Mean probabilities, of sum 1 over all items.
        n_items: Size I of the catalogue.

    """

    expectation: WideExpectation
    n_items: int

    @property
    def items(self) -> Items:
        """As in ``Part``."""
        return self.expectation.items

    @property
    def values(self) -> Floats:
        """As in ``Part``."""
        return self.expectation.probabilities

    @property
    def mean(self) -> float:
        """As in ``Part``."""
        return 1 / self.n_items

    def at(self, items: Items) -> Floats:
        """As in ``Part``."""
        return self.expectation.at(items)
