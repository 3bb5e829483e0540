"""The hybrid as a recommender: scores of all sources, weighed by the gate."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import FEW_USERS
from tasks.domain import NO_ITEM, Evidence, NewUsers
from tasks.evaluation.methods import Ranker
from tasks.evaluation.routing import RoutingRanker
from tasks.hybrid.gate import Gate
from tasks.hybrid.online.plan import OnlinePlan
from tasks.hybrid.sources import Source, score_of
from tasks.recommenders.ranking import BlockRanker, EvidenceOf, blocks

FoldOf = Callable[[NewUsers], NDArray[np.uint8]]
"""Which fold new users are of, uint8 (U,)."""


@dataclass(frozen=True, eq=False)
class Hybrid(BlockRanker):
    """Ranks by a weighted sum of scores; it serves users without events, too.

    Attributes:
        n_items: Size I of the catalogue.
        sources: M scores.
        gate: Their weights.

    """

    n_items: int
    sources: tuple[Source, ...]
    gate: Gate

    def __post_init__(self) -> None:
        names = tuple(source.name for source in self.sources)
        if names != self.gate.names:
            raise ValueError(f"the gate weighs {', '.join(self.gate.names)}; got the scores {', '.join(names)}")

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """As in ``BlockRanker``; what each kind of evidence adds up to is kept for the explanation."""
        parts = self.online.parts(users) if len(users) <= FEW_USERS else self.parts(users)
        out[...] = 0
        for part in parts.values():
            out += part
        return lambda ids: _explain(parts, ids)

    @cached_property
    def online(self) -> OnlinePlan:
        """The same scores for a few users at a time."""
        return OnlinePlan(self.n_items, self.sources, self.gate)

    def parts(self, users: NewUsers) -> dict[Evidence, NDArray[np.float32]]:
        """What each kind of evidence adds up to for a block of users, float32 (B, I) each."""
        weights = self.gate.at(users.shots)
        parts = {
            kind: np.zeros((len(users), self.n_items), dtype=np.float32)
            for kind in dict.fromkeys(source.evidence for source in self.sources)
        }
        for number, source in enumerate(self.sources):
            if weights[:, number].any():
                source.add(users, weights[:, number], parts[source.evidence])
        return parts

    def shares(self, users: NewUsers) -> dict[str, float]:
        """How much each score decides: mean over users of weight × its spread over the items, of sum 1."""
        weights = self.gate.at(users.shots)
        found = np.zeros(len(self.sources))
        for block in blocks(len(users), self.n_items):
            some = users.select(np.arange(block.start, block.stop))
            for number, source in enumerate(self.sources):
                if weights[block, number].any():
                    found[number] += weights[block, number] @ score_of(source, some, self.n_items).std(axis=1)
        total = found.sum()
        return dict(zip(self.gate.names, (found / total if total else found).tolist(), strict=True))


def _explain(parts: Mapping[Evidence, NDArray[np.float32]], ids: NDArray[np.int32]) -> NDArray[np.uint8]:
    """The kind of evidence that lifts an item most above the average item."""
    listed = np.where(ids == NO_ITEM, 0, ids)
    lifts = np.full((len(Evidence), *ids.shape), -np.inf, dtype=np.float32)
    for kind, part in parts.items():
        lifts[kind] = np.take_along_axis(part, listed, axis=1) - part.mean(axis=1, keepdims=True)
    return lifts.argmax(axis=0).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class OutOfFold(RoutingRanker):
    """Every user is answered by the hybrid whose gate did not see them.

    Attributes:
        hybrids: One per fold.
        fold_of: Folds of users.

    """

    hybrids: tuple[Hybrid, ...]
    fold_of: FoldOf

    def routes(self, users: NewUsers) -> Iterable[tuple[NDArray[np.bool_], Ranker]]:
        """Each fold to its hybrid."""
        folds = self.fold_of(users)
        return ((folds == fold, hybrid) for fold, hybrid in enumerate(self.hybrids))
