"""No hybrid: what a run recommends with is its recommender on real + virtual behaviour."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NoHybrid:
    """Nothing is weighed."""

    @property
    def needs(self) -> tuple[str, ...]:
        """No recommender is fitted for it."""
        return ()
