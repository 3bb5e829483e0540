"""Users without any event: collaborative filtering has nothing to go by, so popularity answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, Posed
from tasks.evaluation.hits import Hits
from tasks.evaluation.methods import Ranker
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.routing import RoutingRanker


def select_popularity(forms: Mapping[str, Ranker], posed: Sequence[Posed], k: int = 10, seed: int = 0) -> str:
    """The popularity form that serves users without events best.

    Args:
        forms: Fitted popularity recommenders by name.
        posed: The question posed to tuning users (half A); the entry with 0 shots is used.
        k: Cut of the NDCG that decides.
        seed: Seeds the order of ties.

    Returns:
        The name with the highest mean NDCG@k at 0 shots; the first of several equal ones.

    Raises:
        ValueError: There is no form, or none of ``posed`` has 0 shots.

    """
    zero = next((one for one in posed if one.shots == 0), None)
    if not forms or zero is None:
        shots = [one.shots for one in posed]
        raise ValueError(f"expected popularity forms and a question at 0 shots, got {sorted(forms)} and shots {shots}")
    scores = {}
    for name, form in forms.items():
        ids = form.top_k(zero.users, k, exclude=None, allow=None, seed=seed).ids
        values = Ndcg().per_user(Hits.of(ids, zero.targets), k)
        known = values[~np.isnan(values)]
        scores[name] = float(known.mean()) if len(known) else 0.0
    return max(scores, key=lambda name: scores[name])


@dataclass(frozen=True, slots=True)
class PopularityAtZeroShots(RoutingRanker):
    """A ranker that hands users without any behaviour, real or virtual, to a popularity form.

    Attributes:
        ranker: Serves everybody else.
        popularity: The popularity form best on the tuning users.

    """

    ranker: Ranker
    popularity: Ranker

    def routes(self, users: NewUsers) -> Iterable[tuple[NDArray[np.bool_], Ranker]]:
        """Users without behaviour to popularity, the others to the ranker."""
        unknown = users.shots == 0
        if users.virtual is not None:
            unknown &= np.diff(users.virtual.matrix.indptr) == 0
        return ((unknown, self.popularity), (~unknown, self.ranker))
