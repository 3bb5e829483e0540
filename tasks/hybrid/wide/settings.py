"""When candidates are ranked in place of the whole catalogue, and how many."""

import math
from dataclasses import dataclass

_FEWEST_PROBES, _FEWEST_CANDIDATES = 16, 150


@dataclass(frozen=True, slots=True)
class WideSettings:
    """How candidates are found.

    Attributes:
        from_items: Catalogues of at least so many items are ranked among candidates, others item by item. At least 1.
        clusters: Clusters of items, at least 1; None takes the square root of the number of items.
        probes: Clusters of average size that are looked into per score, at most and at least 1; None takes the square
            root of the number of clusters, and 16 at least.
        depth: Candidates of which every score is computed, at least 1; None takes half the square root of the number of
            items, and 150 at least. Four per place of a list, where that is more.

    """

    from_items: int = 10_000
    clusters: int | None = None
    probes: int | None = None
    depth: int | None = None

    def __post_init__(self) -> None:
        for name in ("from_items", "clusters", "probes", "depth"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")

    def clusters_of(self, n_items: int) -> int:
        """How many clusters a catalogue has."""
        return min(n_items, self.clusters or max(1, round(math.sqrt(n_items))))

    def probes_of(self, n_items: int) -> int:
        """How many clusters of a catalogue are looked into."""
        return self.probes or max(_FEWEST_PROBES, round(math.sqrt(self.clusters_of(n_items))))

    def depth_of(self, n_items: int) -> int:
        """How many candidates of a catalogue are looked at closely."""
        return self.depth or max(_FEWEST_CANDIDATES, round(math.sqrt(n_items) / 2))
