"""What the hybrid weighs: scores of several origins, each in units of its largest for the user, 0 … 1.

Shares rather than their logs: what is asked is the head of a list, and logs make light of the head of popularity.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import ProfileGenerator
from tasks.domain import Evidence, NewUsers, VirtualBehaviour
from tasks.recommenders.base import FittedRecommender
from tasks.recommenders.collaborative import CollaborativeFilter, Interest


class Source(Protocol):
    """One score per user and item.

    Attributes:
        name: Tells it from the others; a–z, 0–9 and _.
        evidence: What an item is carried by that this score lifts.

    """

    @property
    def name(self) -> str: ...  # noqa: D102 - as the class says
    @property
    def evidence(self) -> Evidence: ...  # noqa: D102

    def add(self, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Add weight · score.

        Args:
            users: B new users.
            weights: float32 (B,), one weight per user.
            out: float32 (B, I), added to.

        """
        ...


def score_of(source: Source, users: NewUsers, n_items: int) -> NDArray[np.float32]:
    """One score of a block of users, float32 (B, I)."""
    out = np.zeros((len(users), n_items), dtype=np.float32)
    source.add(users, np.ones(len(users), dtype=np.float32), out)
    return out


def relative(scores: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scores in units of the largest, 0 … 1, (…, I); 0 where none is above 0.

    Args:
        scores: Not negative, (…, I).

    """
    largest = scores.max(axis=-1, keepdims=True, initial=0)
    return np.divide(scores, np.where(largest > 0, largest, 1)).astype(np.float32, copy=False)


@dataclass(frozen=True, eq=False)
class PriorSource:
    """A form of popularity, the same for everybody.

    Attributes:
        name: Of the form.
        values: float32 (I,), in units of the largest: 0 … 1.

    """

    name: str
    values: NDArray[np.float32]
    evidence: Evidence = Evidence.POPULARITY

    def add(self, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """As in ``Source``."""
        out += weights[:, None] * self.values


@dataclass(frozen=True, eq=False)
class SegmentSource:
    """Popularity that depends on the user's features.

    Attributes:
        name: Of the form.
        fitted: Its scores are not negative.

    """

    name: str
    fitted: FittedRecommender
    evidence: Evidence = Evidence.POPULARITY

    def add(self, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """As in ``Source``."""
        out += weights[:, None] * relative(self.fitted.score(users))


@dataclass(frozen=True, eq=False)
class FilterSource:
    """What a collaborative filter predicts, in units of the user's largest interest: 0 … 1.

    Attributes:
        name: Of the filter.
        fitted: The filter.
        completion: Where virtual behaviour comes from; None leaves profiles real.
        evidence: Real, or virtual where profiles are completed.

    """

    name: str
    fitted: CollaborativeFilter
    completion: Callable[[NewUsers], VirtualBehaviour | None] | None = None
    evidence: Evidence = Evidence.REAL

    def add(self, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """As in ``Source``; users without behaviour get nothing."""
        interest = self.fitted.interest(self.completed(users))
        interest.add(out, scale_of(interest, weights))

    def completed(self, users: NewUsers) -> NewUsers:
        """The users as the filter sees them."""
        return users.with_virtual(None if self.completion is None else self.completion(users))


def scale_of(interest: Interest, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What interest is multiplied with to count weight at its largest, float32 (B,); 0 for users without any."""
    largest = interest.largest()
    return np.divide(weights, largest, out=np.zeros_like(weights), where=largest > 0)


@dataclass(frozen=True, eq=False)
class GeneratorSource:
    """What the generator expects: its mean probability over draws, in units of the user's largest.

    Attributes:
        name: Of the method.
        generator: A trained generator.
        draws: Draws per user, at least 1.
        seed: Seeds the draws.

    """

    name: str
    generator: ProfileGenerator
    draws: int
    seed: int
    evidence: Evidence = Evidence.VIRTUAL

    def add(self, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """As in ``Source``."""
        for block, probabilities in self.generator.draw(users, self.draws, self.seed):
            out[block] += weights[block, None] * relative(probabilities.mean(axis=0))
