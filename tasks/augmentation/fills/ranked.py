"""Any recommender as a fill: its scores become the probabilities of virtual items."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, Provenance
from tasks.recommenders.base import FittedRecommender
from tasks.recommenders.ranking import blocks


@dataclass(frozen=True, eq=False)
class RankedFill:
    """Gives users what a recommender ranks highest: p_i ∝ max(score_i, 0) ^ (1 / temperature).

    That is a softmax over log scores. It knows no scale, as scores of recommenders have none in common. All draws are
    alike: nothing is random.

    Attributes:
        name: Marks the virtual behaviour.
        ranker: Its scores above 0 are what it says about a user.
        popularity: float32 (I,), ≥ 0, stands in for the scores of users about whom the ranker says nothing.
        temperature: Above 0; the smaller, the more of the probability falls on the highest scores.

    """

    name: str
    ranker: FittedRecommender
    popularity: NDArray[np.float32]
    temperature: float

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        if self.popularity.shape != (self.ranker.n_items,):
            raise ValueError(f"popularity must have shape ({self.ranker.n_items},), got {self.popularity.shape}")

    @property
    def n_items(self) -> int:
        """Size I of the catalogue."""
        return self.ranker.n_items

    @property
    def provenance(self) -> Provenance:
        """The users and times the recommender was fitted on, under the name of the fill."""
        return replace(self.ranker.provenance, artefact=self.name)

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """The same probabilities for each draw, whatever the seed; see ``ProfileGenerator.draw``.

        They are 0 at support items. Virtual behaviour that the users carry already is not looked at.
        """
        del seed
        real = users.with_virtual(None)
        for block in blocks(len(users), draws * self.n_items):
            own = self._probabilities(real.select(np.arange(block.start, block.stop)))
            yield block, np.repeat(own[None], draws, axis=0)

    def _probabilities(self, users: NewUsers) -> NDArray[np.float32]:
        """Of one block, (B, I)."""
        support = (users.rows.row_of_entry, users.items)
        values = np.maximum(self.ranker.score(users), 0)
        values[support] = 0
        silent = ~values.any(axis=1)
        values[silent] = self.popularity
        values[support] = 0
        # Relative to the largest first, lest a power overflow.
        values = _shares(values, values.max(axis=1, keepdims=True))
        if self.temperature != 1:
            np.power(values, np.float32(1 / self.temperature), out=values)
        return _shares(values, values.sum(axis=1, keepdims=True))


def _shares(values: NDArray[np.float32], of: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values divided by a number per row; a row of zeros (nothing is left to fill) stays one."""
    return np.divide(values, of, out=values, where=of > 0)


def check_temperature(temperature: float) -> None:
    """Raise ValueError unless it is above 0 and finite."""
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature must be above 0 and finite, got {temperature}")
