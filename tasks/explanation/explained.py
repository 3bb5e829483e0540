"""What is explained: a hybrid, or a recommender on completed profiles, as scores that add up."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import ProfileGenerator
from tasks.domain import Evidence, NewUsers, TopK
from tasks.evaluation.zero_shots import PopularityAtZeroShots
from tasks.explanation.contributions import Contributions, contributions, entries_at, interest_at
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.scores import Completion
from tasks.hybrid.sources import FilterSource, GeneratorSource, scale_of, score_of
from tasks.model_format import Model
from tasks.recommenders.attention.attention_filter import FittedAttention
from tasks.recommenders.base import FittedRecommender
from tasks.recommenders.blend import FittedBlend
from tasks.recommenders.collaborative import CollaborativeFilter

Items = NDArray[np.integer]
DRAWS = 4
"""Draws behind a generator's score where no hybrid weighs it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the scores that add up, of a block of users with an item each.

    Attributes:
        name: Of the score.
        evidence: What it stands for, uint8 (B,), values of ``Evidence``.
        scores: What it adds, float64 (B,).
        carried: Which profile items and neighbours carry it; None where that is not known.
        scale: What they are multiplied with to add up to the score, float64 (B,).

    """

    name: str
    evidence: NDArray[np.uint8]
    scores: NDArray[np.float64]
    carried: Contributions | None
    scale: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AttentionPart:
    """An attention filter among what ranks.

    Attributes:
        fitted: The filter.
        completion: Where the virtual part of profiles comes from; None where they are real.

    """

    fitted: FittedAttention
    completion: Completion | None

    def completed(self, users: NewUsers) -> NewUsers:
        """The users as the filter sees them."""
        return users.with_virtual(None if self.completion is None else self.completion(users))


class Explained(ABC):
    """What ranks users without virtual behaviour: it makes that up itself.

    Attributes:
        n_items: Size I of the catalogue.
        generator: Makes up behaviour; None where nothing does.
        draws: Draws whose mean is the generator's score.
        seed: Seeds them.

    """

    n_items: int
    generator: ProfileGenerator | None
    draws: int
    seed: int

    @property
    @abstractmethod
    def attention(self) -> AttentionPart | None:
        """The attention filter that counts most; None without one."""

    @abstractmethod
    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """Scores of one block of users, float32 (B, I)."""

    @abstractmethod
    def top_k(self, users: NewUsers, k: int) -> TopK:
        """The best items of any number of users, their own left out."""

    @abstractmethod
    def parts(self, users: NewUsers, items: Items) -> Iterator[Part]:
        """What adds up to the score of an item per user, (B,), of one block of users."""


@dataclass(frozen=True, eq=False)
class ExplainedHybrid(Explained):
    """A hybrid.

    Attributes:
        hybrid: The hybrid.
        seed: Orders equal scores.

    """

    hybrid: Hybrid
    seed: int = 0

    def __post_init__(self) -> None:
        source = next((one for one in self.hybrid.sources if isinstance(one, GeneratorSource)), None)
        weighed = {} if source is None else {"generator": source.generator, "draws": source.draws, "seed": source.seed}
        for name, value in ({"generator": None, "draws": DRAWS, "n_items": self.hybrid.n_items} | weighed).items():
            object.__setattr__(self, name, value)

    @property
    def attention(self) -> AttentionPart | None:
        """By its weight for many events; real behaviour where two weigh the same."""
        held = [
            (weight, AttentionPart(source.fitted, source.completion))
            for source, weight in zip(self.hybrid.sources, self.hybrid.gate.many, strict=True)
            if isinstance(source, FilterSource) and isinstance(source.fitted, FittedAttention)
        ]
        return max(held, key=lambda one: one[0])[1] if held else None

    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """As in ``Explained``."""
        out = np.empty((len(users), self.n_items), dtype=np.float32)
        self.hybrid.score_into(users, out)
        return out

    def top_k(self, users: NewUsers, k: int) -> TopK:
        """As in ``Explained``."""
        return self.hybrid.top_k(users, k, seed=self.seed)

    def parts(self, users: NewUsers, items: Items) -> Iterator[Part]:
        """Each score that has weight."""
        weights, own = self.hybrid.gate.at(users.shots), np.arange(len(users))
        for source, weight in zip(self.hybrid.sources, weights.T, strict=True):
            if not weight.any():
                continue
            evidence = np.full(len(users), source.evidence, dtype=np.uint8)
            if not isinstance(source, FilterSource):
                scores = entries_at(score_of(source, users, self.n_items), own, items)
                yield Part(source.name, evidence, weight * scores, None, weight.astype(np.float64))
                continue
            completed = source.completed(users)
            interest = source.fitted.interest(completed)
            scale = scale_of(interest, weight).astype(np.float64)
            carried = contributions(source.fitted, completed, items)
            yield Part(source.name, evidence, scale * interest_at(interest, items), carried, scale)


@dataclass(frozen=True, eq=False)
class ExplainedRecommender(Explained):
    """A recommender on completed profiles, and popularity for users of whom nothing is known.

    Attributes:
        recommender: Ranks where there is behaviour.
        popularity: Ranks elsewhere.
        completion: Where virtual behaviour comes from; None for none.
        generator: Makes it up.
        seed: Seeds it.
        draws: Draws whose mean is the generator's score.

    """

    recommender: FittedRecommender
    popularity: FittedRecommender
    completion: Completion | None = None
    generator: ProfileGenerator | None = None
    seed: int = 0
    draws: int = DRAWS

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_items", self.recommender.n_items)

    @property
    def attention(self) -> AttentionPart | None:
        """The recommender, if it is one."""
        return AttentionPart(self._base, self.completion) if isinstance(self._base, FittedAttention) else None

    @property
    def _base(self) -> FittedRecommender:
        return self.recommender.base if isinstance(self.recommender, FittedBlend) else self.recommender

    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """As in ``Explained``."""
        completed = self._completed(users)
        scores = self.recommender.score(completed)
        unknown = _unknown(completed)
        if unknown.any():
            scores[unknown] = self.popularity.score(completed.select(unknown))
        return scores

    def top_k(self, users: NewUsers, k: int) -> TopK:
        """As in ``Explained``."""
        ranker = PopularityAtZeroShots(self.recommender, self.popularity)
        return ranker.top_k(self._completed(users), k, seed=self.seed)

    def parts(self, users: NewUsers, items: Items) -> Iterator[Part]:
        """The recommender's score, or that of popularity."""
        completed, own = self._completed(users), np.arange(len(users))
        unknown = _unknown(completed)
        scores = entries_at(self.score(users), own, items)
        evidence = self.recommender.evidence(completed, items[:, None].astype(np.int32))[:, 0]
        if unknown.any():
            prior = np.full(len(users), Evidence.POPULARITY, dtype=np.uint8)
            yield Part("popularity", prior, np.where(unknown, scores, 0), None, np.ones(len(users)))
        if not unknown.all():
            carried, scale = None, np.ones(len(users))
            if isinstance(self._base, CollaborativeFilter):
                carried = contributions(self._base, completed, items)
                if isinstance(self.recommender, FittedBlend):
                    ones = np.ones(len(users), dtype=np.float32)
                    scale = scale_of(self._base.interest(completed), ones).astype(np.float64)
            yield Part("recommender", evidence, np.where(unknown, 0, scores), carried, scale)

    def _completed(self, users: NewUsers) -> NewUsers:
        return users if self.completion is None else users.with_virtual(self.completion(users))


def explained_model(model: Model) -> Explained:
    """A model as it is shipped: its hybrid where it has one."""
    seed = model.header.seed
    if model.hybrid is not None:
        return ExplainedHybrid(model.hybrid, seed)
    return ExplainedRecommender(model.recommender, model.popularity, model.virtual, model.generator, seed)


def _unknown(users: NewUsers) -> NDArray[np.bool_]:
    """Users of whom there is no behaviour, real or virtual, bool (B,)."""
    unknown: NDArray[np.bool_] = users.shots == 0
    if users.virtual is not None:
        unknown = unknown & (np.diff(users.virtual.matrix.indptr) == 0)
    return unknown
