"""Rankers with a known answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Evidence, NewUsers, TopK
from tasks.recommenders.ranking import rank

Scorer = Callable[[NewUsers], NDArray[np.float32]]


@dataclass(frozen=True)
class ScoredBy:
    """Ranks by a given function of the users; counts how often it is asked."""

    scorer: Scorer
    n_items: int = 60
    calls: list[int] = field(default_factory=list)

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
        self.calls.append(len(users))

        def score_into(block: NewUsers, out: NDArray[np.float32]) -> Callable:
            out[...] = self.scorer(block)
            return lambda ids: np.full(ids.shape, Evidence.REAL, dtype=np.uint8)

        return rank(
            score_into, users, self.n_items, k, exclude=exclude, allow=allow, seed=seed, mask_support=mask_support
        )


def own_block(users: NewUsers) -> NDArray[np.float32]:
    """1 for the items of the user's block, which the feature tells."""
    return (np.arange(60) % 3 == users.features.categories[:, :1] - 1).astype(np.float32)


def constant(users: NewUsers) -> NDArray[np.float32]:
    return np.zeros((len(users), 60), dtype=np.float32)


def virtual_first(users: NewUsers) -> NDArray[np.float32]:
    """The virtual weights themselves."""
    if users.virtual is None:
        return constant(users)
    return users.virtual.matrix.toarray()
