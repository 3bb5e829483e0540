"""Settings of the hybrid, as conf/hybrid has them."""

from dataclasses import dataclass, field

from tasks.method_names import BLEND
from tasks.recommenders.attention.attention_filter import AttentionFilter
from tasks.recommenders.decayed_popularity import DecayedPopularity

POPULARITIES = ("popularity", "late_popularity")
"""Forms of popularity whose shares are always weighed."""
SEGMENTS = "segment_popularity"
"""Weighed where something is known of users before their first event."""


@dataclass(frozen=True)
class HybridSettings:
    """What is weighed, and how the gate is fitted.

    Attributes:
        filters: Collaborative filters (names in conf/recommender) on real behaviour.
        completed: Filter whose scores on real + virtual behaviour are weighed, too; one of ``filters``.
        attention: The filter whose attention is learned; weighed on real and on real + virtual behaviour.
        half_lives: Of recent popularity, in days, each above 0; used where the log has times.
        draws: Draws of the generator whose mean is its own score, at least 1.
        depth: Best items per score that the gate learns from, at least 1.
        ridge: How strongly the gate is drawn to its starting point, at least 0.

    """

    filters: tuple[str, ...] = ("user_knn_cosine", "item_knn_cosine", "rp3beta", "ials", "knn_text")
    completed: str = "user_knn_cosine"
    attention: AttentionFilter = field(default_factory=AttentionFilter)
    half_lives: tuple[float, ...] = (3.0, 7.0, 14.0, 30.0)
    draws: int = 4
    depth: int = 30
    ridge: float = 0.01

    def __post_init__(self) -> None:
        for name in ("filters", "half_lives"):  # lists in YAML
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.completed not in self.filters:
            raise ValueError(f"completed must be one of filters ({', '.join(self.filters)}), got {self.completed!r}")
        for days in self.half_lives:
            DecayedPopularity(days)  # checks it
        for name, value in (("draws", self.draws), ("depth", self.depth)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not 0 <= self.ridge < float("inf"):
            raise ValueError(f"ridge must be at least 0, got {self.ridge}")

    @property
    def needs(self) -> tuple[str, ...]:
        """Names in conf/recommender of all that is fitted for it: filters as they serve best beside popularity."""
        return (*POPULARITIES, SEGMENTS, *(f"{name}{BLEND}" for name in self.filters))
