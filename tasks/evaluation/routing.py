"""Rankers that hand each user on to another ranker."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, TopK
from tasks.evaluation.methods import Ranker


class RoutingRanker(ABC):
    """Every user is answered by one of several rankers. Scores compare within a user only."""

    @abstractmethod
    def routes(self, users: NewUsers) -> Iterable[tuple[NDArray[np.bool_], Ranker]]:
        """Who is answered by whom: masks over the users (U,) that do not overlap, each with its ranker."""

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
        """The k best items of each user; see ``Ranker``."""
        lists = TopK.unfilled(len(users), k)
        for chosen, ranker in self.routes(users):
            if chosen.any():
                some = users if chosen.all() else users.select(chosen)
                part = ranker.top_k(some, k, exclude=exclude, allow=allow, seed=seed, mask_support=mask_support)
                lists.ids[chosen], lists.scores[chosen] = part.ids, part.scores
                lists.evidence[chosen] = part.evidence
        return lists
