"""The hybrid as a recommender: scores of all sources, weighed by the gate."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, Evidence, NewUsers, TopK
from tasks.hybrid.gate import Gate
from tasks.hybrid.sources import Source
from tasks.recommenders.base import EvidenceOf
from tasks.recommenders.ranking import rank

FoldOf = Callable[[NewUsers], NDArray[np.uint8]]
"""Which fold new users are of, uint8 (U,)."""


@dataclass(frozen=True, eq=False)
class Hybrid:
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

    def top_k(
        self,
        users: NewUsers,
        k: int,
        *,
        exclude: NDArray[np.bool_] | None = None,
        allow: NDArray[np.bool_] | None = None,
        seed: int = 0,
        mask_support: bool = True,
    ) -> TopK:
        """The k best items of each user; see ``tasks.evaluation.methods.Ranker``."""
        return rank(
            self.score_into,
            users,
            self.n_items,
            k,
            exclude=exclude,
            allow=allow,
            seed=seed,
            mask_support=mask_support,
        )

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """Write the scores of one block into ``out`` (B, I) and return what explains chosen items."""
        weights = self.gate.at(users.shots)
        out[...] = 0
        for number, source in enumerate(self.sources):
            if weights[:, number].any():
                source.add(users, weights[:, number], out)
        return lambda ids: self._explain(users, weights, ids)

    def _explain(self, users: NewUsers, weights: NDArray[np.float32], ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """The kind of evidence that lifts an item most above the average item."""
        listed = np.where(ids == NO_ITEM, 0, ids)
        lifts = np.full((len(Evidence), *ids.shape), -np.inf, dtype=np.float32)
        for kind in Evidence:
            part = np.zeros((len(users), self.n_items), dtype=np.float32)
            own = [number for number, source in enumerate(self.sources) if source.evidence == kind]
            for number in own:
                if weights[:, number].any():
                    self.sources[number].add(users, weights[:, number], part)
            if own:
                lifts[kind] = np.take_along_axis(part, listed, axis=1) - part.mean(axis=1, keepdims=True)
        return lifts.argmax(axis=0).astype(np.uint8)

    def shares(self, users: NewUsers) -> dict[str, float]:
        """How much each score decides: mean over users of |weight| × its spread over the items, of sum 1."""
        weights = self.gate.at(users.shots)
        found = np.zeros(len(self.sources))
        for start in range(0, len(users), _BLOCK_USERS):
            block = np.arange(start, min(start + _BLOCK_USERS, len(users)))
            some = users.select(block)
            for number, source in enumerate(self.sources):
                if weights[block, number].any():
                    out = np.zeros((len(block), self.n_items), dtype=np.float32)
                    source.add(some, weights[block, number], out)
                    found[number] += out.std(axis=1).sum()
        total = found.sum()
        return dict(zip(self.gate.names, (found / total if total else found).tolist(), strict=True))


_BLOCK_USERS = 64


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Every user is answered by the hybrid whose gate did not see them.

    Attributes:
        hybrids: One per fold.
        fold_of: Folds of users.

    """

    hybrids: tuple[Hybrid, ...]
    fold_of: FoldOf

    def top_k(
        self,
        users: NewUsers,
        k: int,
        *,
        exclude: NDArray[np.bool_] | None = None,
        allow: NDArray[np.bool_] | None = None,
        seed: int = 0,
        mask_support: bool = True,
    ) -> TopK:
        """The k best items of each user; see ``tasks.evaluation.methods.Ranker``."""
        lists = TopK(
            ids=np.full((len(users), k), NO_ITEM, dtype=np.int32),
            scores=np.full((len(users), k), -np.inf, dtype=np.float32),
            evidence=np.full((len(users), k), Evidence.POPULARITY, dtype=np.uint8),
        )
        folds = self.fold_of(users)
        for fold, hybrid in enumerate(self.hybrids):
            own = np.flatnonzero(folds == fold)
            if len(own):
                part = hybrid.top_k(
                    users.select(own), k, exclude=exclude, allow=allow, seed=seed, mask_support=mask_support
                )
                lists.ids[own], lists.scores[own], lists.evidence[own] = part.ids, part.scores, part.evidence
        return lists
