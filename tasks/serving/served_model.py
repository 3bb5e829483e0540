"""A model that answers one request at a time; everything that scores goes through ``ServedModel.rank``."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, Evidence, NewUsers, TopK
from tasks.errors import ModelError
from tasks.explanation import Explanation, explain
from tasks.hybrid.wide.ranker import WideHybrid
from tasks.hybrid.wide.settings import WideSettings
from tasks.model_format import Model
from tasks.serving.catalogue import Catalogue
from tasks.serving.diversity import diversified
from tasks.serving.encoding import Encoded, ProfileEncoder, together
from tasks.serving.filters import Filters, masks
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.vectors import item_vectors

_QUICK_ITEMS = 200_000
"""Catalogues whose lists are made among candidates in about a millisecond."""

logger = logging.getLogger(__name__)

EVIDENCE = tuple(evidence.name.lower() for evidence in Evidence)
_CANDIDATES_PER_PLACE, _FEWEST_CANDIDATES = 5, 100
"""A diverse list is chosen among this many of the best."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One user to be ranked.

    Attributes:
        users: The user, alone.
        k: Length of the list.
        exclude: bool (I,); None for none.
        allow: bool (I,); None for all.
        diversity: 0 … 1, see ``diversified``.
        mask_support: Whether the user's own items are left out.

    """

    users: NewUsers
    k: int
    exclude: NDArray[np.bool_] | None = None
    allow: NDArray[np.bool_] | None = None
    diversity: float = 0.0
    mask_support: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether it can be answered together with others."""
        return self.exclude is None and self.allow is None and self.diversity == 0 and self.mask_support


@dataclass(frozen=True, slots=True)
class Ranked:
    """A list, best first; shorter than asked for where items ran out.

    Attributes:
        rows: Of the catalogue.
        scores: They compare within one user only.
        evidence: What carried each item: ``popularity``, ``real`` or ``virtual``.

    """

    rows: list[int]
    scores: list[float]
    evidence: list[str]


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A model, and what answering one user at a time needs beside it.

    Attributes:
        model: The model.
        name: What it is called in answers: ``coldcart-ta_feng/3``, or the name of its run.
        candidates: How a large catalogue is ranked; None ranks every one item by item.

    """

    model: Model
    name: str
    candidates: WideSettings | None = None
    catalogue: Catalogue = field(init=False)
    encoder: ProfileEncoder = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "catalogue", Catalogue.of(self.model.items))
        object.__setattr__(self, "encoder", ProfileEncoder(self.model))

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Vectors of the items, see ``item_vectors``."""
        return item_vectors(self.model)

    @cached_property
    def by_popularity(self) -> NDArray[np.int64]:
        """Rows of all items, the most popular first."""
        scores = self.model.popularity.score(self.encode(Profile()).users)[0]
        return np.argsort(-scores, kind="stable")

    @cached_property
    def wide(self) -> WideHybrid | None:
        """What ranks a large catalogue; None where it is small, or the model has no hybrid that can."""
        model, settings = self.model, self.candidates
        if settings is None or model.hybrid is None or len(model.items) < settings.from_items:
            return None
        try:
            return WideHybrid(model.hybrid, settings, model.augmentation, model.header.seed)
        except ModelError as error:
            logger.info("%s: every item is scored for every user: %s", self.name, error)
            return None

    def is_quick(self, question: Question) -> bool:
        """Whether a list takes about a millisecond: nobody has to wait for others meanwhile."""
        return question.is_plain and self.wide is not None and len(self.model.items) <= _QUICK_ITEMS

    def encode(self, profile: Profile) -> Encoded:
        """A profile as the model sees it."""
        return self.encoder.encode(profile)

    def question(self, users: NewUsers, k: int, filters: Filters, diversity: float = 0.0) -> Question:
        """What to rank for a user, under filters."""
        exclude, allow = masks(filters, self.catalogue, self.encoder.rows) if filters else (None, None)
        return Question(users, k, exclude, allow, diversity)

    def order(self, users: NewUsers, rows: Sequence[int]) -> Question:
        """Rank these items, the user's own among them."""
        allow = np.zeros(len(self.catalogue), dtype=np.bool_)
        allow[list(rows)] = True
        return Question(users, int(allow.sum()), allow=allow, mask_support=False)

    def rank(self, questions: Sequence[Question]) -> list[Ranked]:
        """Lists for several users; a list does not depend on who else is asked for."""
        answers: list[Ranked | None] = [None] * len(questions)
        plain = [place for place, question in enumerate(questions) if question.is_plain]
        if plain:
            users = together([questions[place].users for place in plain])
            lists = self._lists(users, max(questions[place].k for place in plain))
            for row, place in enumerate(plain):
                some = slice(0, questions[place].k)
                answers[place] = ranked(lists.ids[row, some], lists.scores[row, some], lists.evidence[row, some])
        for place, question in enumerate(questions):
            if not question.is_plain:
                answers[place] = self._filtered(question)
        return [answer for answer in answers if answer is not None]

    def recommend(
        self, profile: Profile, filters: Filters | None = None, k: int = 10, diversity: float = 0.0
    ) -> Ranked:
        """The k best items for a user."""
        users = self.encode(profile).users
        return self.rank([self.question(users, k, filters or Filters(), diversity)])[0]

    def rerank(self, profile: Profile, items: Sequence[str]) -> Ranked:
        """These items, best first; those that the model does not know are left out."""
        rows = [self.encoder.rows[item] for item in items if item in self.encoder.rows]
        return self.rank([self.order(self.encode(profile).users, rows)])[0] if rows else Ranked([], [], [])

    def explain(self, profile: Profile, item: str, most: int = 5) -> Explanation:
        """Why an item is recommended.

        Raises:
            KeyError: The model does not know the item.

        """
        return explain(self.model, self.encode(profile).users, self.encoder.rows[item], most)

    def warm_up(self) -> None:
        """Answer once each way, so that the first request does not wait for libraries and tables."""
        known = tuple(self.catalogue.ids[row] for row in self.by_popularity[:3])
        profiles = [Profile(), Profile(events=tuple(ProfileEvent(item) for item in known))]
        self.rank([self.question(self.encode(one).users, 10, Filters()) for one in profiles])
        self.recommend(profiles[1], Filters(exclude_items=known[:1]), 10, diversity=0.3)

    def _lists(self, users: NewUsers, k: int, **options: Any) -> TopK:
        wide = self.wide
        if wide is None:
            return self.model.rank(users, k, **options)
        return wide.top_k(users, k, seed=self.model.header.seed, **options)

    def _filtered(self, question: Question) -> Ranked:
        k = question.k
        if question.diversity > 0:
            k = min(max(k * _CANDIDATES_PER_PLACE, _FEWEST_CANDIDATES), len(self.catalogue))
        lists = self._lists(
            question.users, k, exclude=question.exclude, allow=question.allow, mask_support=question.mask_support
        )
        ids, scores, evidence = lists.ids[0], lists.scores[0], lists.evidence[0]
        if question.diversity > 0:
            found = ids != NO_ITEM
            ids, scores, evidence = ids[found], scores[found], evidence[found]
            chosen = diversified(scores.astype(np.float64), self.vectors[ids], question.k, question.diversity)
            ids, scores, evidence = ids[chosen], scores[chosen], evidence[chosen]
        return ranked(ids, scores, evidence)


def ranked(ids: NDArray[np.integer], scores: NDArray[np.floating], evidence: NDArray[np.integer]) -> Ranked:
    """A row of lists without its padding."""
    length = len(ids) if not len(ids) or ids[-1] != NO_ITEM else int((ids != NO_ITEM).sum())
    return Ranked(
        ids[:length].tolist(), scores[:length].tolist(), [EVIDENCE[value] for value in evidence[:length].tolist()]
    )
