"""The score of one item taken apart: by the scores that add up to it, then by items and users behind each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from scipy.sparse import csr_array

from tasks.domain import Evidence, NewUsers
from tasks.explanation.contributions import Contributions, contributions, interest_in
from tasks.explanation.explanation import Explanation, ItemReason, NeighbourReason, ScorePart
from tasks.hybrid.sources import FilterSource, scale_of, score_of
from tasks.model_format import Model
from tasks.recommenders.blend import FittedBlend
from tasks.recommenders.collaborative import CollaborativeFilter


class _Reasons:
    """Adds up what several scores say of the same items and users."""

    def __init__(self, users: NewUsers) -> None:
        self._own = set(users.items.tolist())
        self.support: dict[int, float] = defaultdict(float)
        self.virtual: dict[int, float] = defaultdict(float)
        self.neighbours: dict[int, float] = defaultdict(float)
        self.held: csr_array | None = None

    def add(self, found: Contributions, scale: float) -> None:
        for item, value in zip(found.items.tolist(), found.item_values.tolist(), strict=True):
            (self.support if item in self._own else self.virtual)[item] += scale * value
        if found.held is not None:
            self.held = found.held
        for user, value in zip(found.neighbours.tolist(), found.neighbour_values.tolist(), strict=True):
            self.neighbours[user] += scale * value

    def neighbour(self, user: int, score: float) -> NeighbourReason:
        assert self.held is not None
        theirs = self.held.indices[self.held.indptr[user] : self.held.indptr[user + 1]]
        return NeighbourReason(user, score, tuple(int(item) for item in theirs if int(item) in self._own))


def explain(model: Model, users: NewUsers, item: int, most: int = 5) -> Explanation:
    """Why an item has its score for a user.

    Args:
        model: The model.
        users: One user without virtual behaviour: the model makes that up itself.
        item: Row of the catalogue.
        most: Items, virtual items and neighbours that are named at most, of each.

    """
    reasons = _Reasons(users)
    parts = list(_of_hybrid(model, users, item, reasons) if model.hybrid else _of_filter(model, users, item, reasons))
    parts.sort(key=lambda part: -part.score)
    return Explanation(
        item=item,
        score=sum(part.score for part in parts),
        parts=tuple(parts),
        support=tuple(ItemReason(one, score) for one, score in _largest(reasons.support, most)),
        virtual=tuple(ItemReason(one, score) for one, score in _largest(reasons.virtual, most)),
        neighbours=tuple(reasons.neighbour(one, score) for one, score in _largest(reasons.neighbours, most)),
    )


def _of_hybrid(model: Model, users: NewUsers, item: int, reasons: _Reasons) -> Iterable[ScorePart]:
    hybrid = model.hybrid
    assert hybrid is not None
    for source, weight in zip(hybrid.sources, hybrid.gate.at(users.shots)[0], strict=True):
        if weight == 0:
            continue
        if not isinstance(source, FilterSource):
            yield ScorePart(
                source.name, source.evidence, float(weight) * float(score_of(source, users, hybrid.n_items)[0, item])
            )
            continue
        completed = source.completed(users)
        interest = source.fitted.interest(completed)
        scale = float(scale_of(interest, np.array([weight]))[0])
        value = float(interest_in(interest, item)[0])
        yield ScorePart(source.name, source.evidence, scale * value)
        if value > 0:
            reasons.add(contributions(source.fitted, completed, item), scale)


def _of_filter(model: Model, users: NewUsers, item: int, reasons: _Reasons) -> Iterable[ScorePart]:
    """A model without a hybrid ranks by its recommender, or by popularity where there is no behaviour."""
    completed = users
    if model.augmentation is not None and model.generator is not None:
        completed = users.with_virtual(model.augmentation.complete(model.generator, users, model.header.seed))
    virtual = completed.virtual is not None and completed.virtual.matrix.nnz > 0
    if not len(users.items) and not virtual:
        score = float(model.popularity.score(completed)[0, item])
        return [ScorePart("popularity", Evidence.POPULARITY, score)]
    ids = np.array([[item]], dtype=np.int32)
    evidence = Evidence(int(model.recommender.evidence(completed, ids)[0, 0]))
    fitted = model.recommender.base if isinstance(model.recommender, FittedBlend) else model.recommender
    if isinstance(fitted, CollaborativeFilter) and interest_in(fitted.interest(completed), item)[0] > 0:
        reasons.add(contributions(fitted, completed, item), 1.0)
    return [ScorePart("recommender", evidence, float(model.recommender.score(completed)[0, item]))]


def _largest(found: Mapping[int, float], most: int) -> list[tuple[int, float]]:
    """What speaks for the item, largest first; equal ones by row."""
    above = [(one, score) for one, score in found.items() if score > 0]
    return sorted(above, key=lambda pair: (-pair[1], pair[0]))[:most]
