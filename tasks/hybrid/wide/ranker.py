"""Lists of the hybrid among candidates: of every score its best items, and all that a filter speaks of.

An item that no score brings up lies below the head of each of them, so what is missed lies where clusters were not
looked into, or a little below many heads. ``benchmarks/wide.py`` measures how much that is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.domain import Evidence, NewUsers, TopK
from tasks.errors import ModelError
from tasks.hybrid.gate import MANY
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.online.kernels import largest_of
from tasks.hybrid.online.popularity import KeptPopularity
from tasks.hybrid.online.room import Room
from tasks.hybrid.online.select import head
from tasks.hybrid.sources import FilterSource
from tasks.hybrid.wide import kernels
from tasks.hybrid.wide.parts import Floats, Items, Part, Written
from tasks.hybrid.wide.settings import WideSettings
from tasks.hybrid.wide.sums import Sums, SumsRoom
from tasks.hybrid.wide.tellers import Asked, Completing, Tellers
from tasks.recommenders.ties import tie_keys, user_salts

_KEPT_BYTES = 512 * 2**20
"""Of popularity by number of events and class."""
_PER_PLACE = 4
"""Candidates for each place of a list, at least."""
_FEW = 32
"""Items that are compared one by one."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A part of one user's score, and what it is multiplied with.

    Attributes:
        part: The part.
        scale: What with.
        row: Of what evidence it is, 0 is popularity.

    """

    part: Part
    scale: np.float32
    row: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What candidates of one user are found with.

    Attributes:
        depth: How many.
        popular: Popularity.
        sums: What filters say.
        parts: All else.
        own: The user's items, never candidates.
        exclude: bool (I,), nor are these; None for none.

    """

    depth: int
    popular: Written
    sums: Sums
    parts: Sequence[_Weighed]
    own: Items
    exclude: NDArray[np.bool_] | None


class WideHybrid:
    """Ranks as a hybrid does, up to what its candidates miss.

    Args:
        hybrid: The hybrid.
        settings: How candidates are found.
        augmentation: How profiles are completed; None where nothing is.
        seed: Of the completion.

    Raises:
        ModelError: A score cannot be told without looking at every item.

    """

    def __init__(self, hybrid: Hybrid, settings: WideSettings, augmentation: Any = None, seed: int = 0) -> None:
        policy = augmentation.policy if isinstance(augmentation, CompleteProfiles) else None
        self.hybrid, self.n_items, self._depth = hybrid, hybrid.n_items, settings.depth_of(hybrid.n_items)
        if policy is not None:  # virtual items are among those that the generator brings up
            self._depth = max(self._depth, 2 * policy.items)
        settings = replace(settings, depth=self._depth)
        self._tellers = tellers = Tellers.of(hybrid.sources, settings)
        self._completing = None
        if any(isinstance(one, FilterSource) and one.completion is not None for one in hybrid.sources):
            if tellers.generator is None or policy is None or policy.agreement != 1:
                raise ModelError("profiles are completed in a way that needs the probability of every item")
            self._completing = Completing(tellers.generator, policy, seed)
        self._popular = KeptPopularity(
            hybrid.sources, self.n_items, _KEPT_BYTES, lambda total: Written.of(total, self._depth)
        )
        numbers = sorted([*tellers.filters, *tellers.others])
        kinds = sorted({hybrid.sources[number].evidence for number in numbers})
        self._row_of = {number: kinds.index(hybrid.sources[number].evidence) for number in numbers}
        self._kinds = np.array([Evidence.POPULARITY, *kinds], dtype=np.uint8)
        self._weights = hybrid.gate.at(np.arange(MANY + 1))
        self._sums, self._room = SumsRoom(len(kinds), self.n_items), Room(self.n_items)

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
        """As in ``BlockRanker``.

        With ``allow``, for lists of much of the catalogue, among users' own items and where candidates run out, every
        item is scored.
        """
        depth = max(self._depth, _PER_PLACE * k)
        if allow is not None or not mask_support or depth > self.n_items:
            return self.hybrid.top_k(users, k, exclude=exclude, allow=allow, seed=seed, mask_support=mask_support)
        if len(users) == 1:
            return self._ranked(users, k, depth, exclude, seed) or self.hybrid.top_k(
                users, k, exclude=exclude, seed=seed
            )
        result = TopK.unfilled(len(users), k)
        for row in range(len(users)):
            found = self.top_k(users.select(np.array([row])), k, exclude=exclude, seed=seed)
            result.ids[row], result.scores[row], result.evidence[row] = found.ids[0], found.scores[0], found.evidence[0]
        return result

    def _ranked(self, user: NewUsers, k: int, depth: int, exclude: NDArray[np.bool_] | None, seed: int) -> TopK | None:
        """A list; None where there are fewer candidates than places."""
        weights = self._weights[min(len(user.items), MANY)]
        popular = self._popular.of(user, 0, weights)
        asked = Asked(user, self.n_items, self._completing)
        parts = self._parts(asked, weights)
        with self._sums.sums() as sums:
            for number, one in self._tellers.filters.items():
                if weights[number] > 0:
                    row = self._row_of[number]
                    sums.note(one.add(asked, weights[number : number + 1], sums.by_kind[row : row + 1]))
            among = self._among_all if sums.are_everywhere else self._among_noted
            items, over_all = among(_Told(depth, popular, sums, parts, user.items, exclude))
            values, means = kernels.gathered(popular.everywhere, popular.mean, sums.by_kind, over_all, items)
        if len(items) < k:
            return None
        for part in parts:
            values[part.row] += part.part.at(items) * part.scale
            means[part.row] += part.part.mean * part.scale
        order, scores, evidence, are_tied = kernels.best(values, means, self._kinds, k)
        if are_tied:
            scores = values.sum(axis=0)
            order = np.lexsort((-tie_keys(user_salts(user.ids, seed), items), -scores))[:k]
            scores, evidence = scores[order], kernels.lifted(values, means, self._kinds, order)
        return TopK(items[order][None], scores[None], evidence[None])

    def _parts(self, asked: Asked, weights: Floats) -> list[_Weighed]:
        """Scores that are asked about items, those that have weight for a user."""
        found = []
        for number, teller in self._tellers.others.items():
            part = teller.tell(asked) if weights[number] > 0 else None
            largest = 0.0 if part is None else largest_of(part.values)
            if part is not None and largest > 0:
                found.append(_Weighed(part, weights[number] / np.float32(largest), 1 + self._row_of[number]))
        return found

    def _among_all(self, told: _Told) -> tuple[Items, NDArray[np.float64]]:
        """The ``depth`` items with the largest sums, rising, and what filters of each kind say of all items, (K,)."""
        totals, over_all = kernels.everywhere(told.popular.everywhere, told.sums.by_kind)
        for one in told.parts:
            kernels.add_at(one.part.items, one.part.values, one.scale, totals)
        if told.exclude is not None:
            totals[told.exclude] = 0
        items: Items = kernels.candidates(totals, told.own, told.depth)
        return items, over_all

    def _among_noted(self, told: _Told) -> tuple[Items, NDArray[np.float64]]:
        """As ``_among_all``, of what filters speak of, and of the heads of all else."""
        extra, _, seen, touched = self._room.arrays
        try:
            count = kernels.note(told.popular.items, seen, touched, 0)
            for columns in told.sums.columns:
                count = kernels.note(columns, seen, touched, count)
            for one in told.parts:
                items, values = one.part.items, one.part.values
                if len(items) > told.depth:
                    best = head(values, told.depth)
                    items, values = items[best], values[best]
                count = kernels.note(items, seen, touched, count)
                kernels.add_at(items, values, one.scale, extra)
        except BaseException:
            extra[:], seen[:] = 0, False  # what was noted for this user is not for the next
            raise
        # Popularity of every item is known, so it counts below its head as well.
        items, totals, over_all = kernels.noted(told.popular.everywhere, told.sums.by_kind, extra, seen, touched, count)
        allowed = ~_held(items, told.own)
        if told.exclude is not None:
            allowed &= ~told.exclude[items]
        items, totals = items[allowed], totals[allowed]
        return np.sort(items[head(totals, told.depth)]), over_all


def _held(items: Items, few: Items) -> NDArray[np.bool_]:
    """Whether items are among a few others, bool (n,); for few of them quicker than ``np.isin``."""
    if len(few) > _FEW:
        return np.isin(items, few)
    found = np.zeros(len(items), dtype=np.bool_)
    for one in few:
        found |= items == one
    return found
