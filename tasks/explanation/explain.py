"""The score of one item taken apart: by the scores that add up to it, then by items and users behind each."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array

from tasks.domain import Evidence, NewUsers
from tasks.explanation.attention import item_attention
from tasks.explanation.attributions import attributions, network_of
from tasks.explanation.explained import Explained, Part, explained_model
from tasks.explanation.explanation import Explanation, ItemReason, NeighbourReason, ScorePart
from tasks.model_format import Model


class _Reasons:
    """Adds up what several scores of one user say of the same items and users."""

    def __init__(self, users: NewUsers) -> None:
        self._own = set(users.items.tolist())
        self.support: dict[int, float] = defaultdict(float)
        self.virtual: dict[int, float] = defaultdict(float)
        self.neighbours: dict[int, float] = defaultdict(float)
        self.held: csr_array | None = None

    def add(self, part: Part) -> None:
        if part.carried is None or part.scores[0] <= 0:
            return
        scale, items, neighbours = float(part.scale[0]), part.carried.items, part.carried.neighbours
        for item, value in zip(items.indices.tolist(), items.data.tolist(), strict=True):
            (self.support if item in self._own else self.virtual)[item] += scale * value
        if neighbours is not None:
            self.held = part.carried.held
            for user, value in zip(neighbours.indices.tolist(), neighbours.data.tolist(), strict=True):
                self.neighbours[user] += scale * value

    def neighbour(self, user: int, score: float) -> NeighbourReason:
        assert self.held is not None
        theirs = self.held.indices[self.held.indptr[user] : self.held.indptr[user + 1]]
        return NeighbourReason(user, score, tuple(int(item) for item in theirs if int(item) in self._own))


def explain(model: Model, users: NewUsers, item: int, most: int = 5, *, attributed: bool = False) -> Explanation:
    """Why an item has its score for a user.

    Args:
        model: The model.
        users: One user without virtual behaviour: the model makes that up itself.
        item: Row of the catalogue.
        most: Items, virtual items and neighbours that are named at most, of each.
        attributed: Whether to say how much each item moves the generator, too: the gradients take longer than all the
            rest.

    """
    explained, items, reasons = explained_model(model), np.array([item], dtype=np.int64), _Reasons(users)
    parts = []
    for part in explained.parts(users, items):
        reasons.add(part)
        parts.append(ScorePart(part.name, Evidence(int(part.evidence[0])), float(part.scores[0])))
    parts.sort(key=lambda part: -part.score)
    return Explanation(
        item=item,
        score=sum(part.score for part in parts),
        parts=tuple(parts),
        support=_items(reasons.support, most),
        virtual=_items(reasons.virtual, most),
        neighbours=tuple(reasons.neighbour(one, score) for one, score in _largest(reasons.neighbours, most)),
        attention=_attention(explained, users, most),
        attributions=_attributions(explained, users, items, most) if attributed else None,
    )


def _attention(explained: Explained, users: NewUsers, most: int) -> tuple[ItemReason, ...] | None:
    part = explained.attention
    if part is None:
        return None
    weights = item_attention(part, users)
    return _items(dict(zip(users.items.tolist(), weights.tolist(), strict=True)), most)


def _attributions(explained: Explained, users: NewUsers, items: np.ndarray, most: int) -> tuple[ItemReason, ...] | None:
    network = network_of(explained.generator)
    if network is None:
        return None
    found = attributions(network, users, items, draws=explained.draws, seed=explained.seed)
    order = np.lexsort((users.items, -np.abs(found.values)))[:most]
    return tuple(ItemReason(int(users.items[place]), float(found.values[place])) for place in order)


def _items(found: Mapping[int, float], most: int) -> tuple[ItemReason, ...]:
    return tuple(ItemReason(item, score) for item, score in _largest(found, most))


def _largest(found: Mapping[int, float], most: int) -> list[tuple[int, float]]:
    """What speaks for the item, largest first; equal ones by row."""
    above = [(one, score) for one, score in found.items() if score > 0]
    return sorted(above, key=lambda pair: (-pair[1], pair[0]))[:most]
