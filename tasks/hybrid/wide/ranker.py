"""Lists of the hybrid among candidates: of every score its best items, and all that a filter speaks of.

An item that no score brings up lies below the head of each of them, so what is missed lies where clusters were not
looked into, or a little below many heads. ``benchmarks/wide.py`` measures how much that is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.domain import Evidence, NewUsers, TopK
from tasks.errors import ModelError
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.online import kernels
from tasks.hybrid.online.popularity import KeptPopularity
from tasks.hybrid.online.room import Room
from tasks.hybrid.online.select import head
from tasks.hybrid.sources import FilterSource
from tasks.hybrid.wide.expectation import held
from tasks.hybrid.wide.parts import Floats, Items, Part, Spoken, Spread, Written
from tasks.hybrid.wide.settings import WideSettings
from tasks.hybrid.wide.tellers import Asked, Completing, tellers_of
from tasks.recommenders.ties import tie_keys, user_salts

_KEPT_BYTES = 512 * 2**20
"""Of popularity by number of events and class."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A part of one user's score, and what it is multiplied with."""

    part: Part | Spoken | Spread
    scale: np.float32
    evidence: Evidence


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
        self.hybrid, self.n_items, self._depth = hybrid, hybrid.n_items, settings.depth
        self._tellers, generator = tellers_of(hybrid.sources, settings)
        self._completing = None
        if any(isinstance(one, FilterSource) and one.completion is not None for one in hybrid.sources):
            policy = augmentation.policy if isinstance(augmentation, CompleteProfiles) else None
            if generator is None or policy is None or policy.agreement != 1:
                raise ModelError("profiles are completed in a way that needs the probability of every item")
            self._completing = Completing(generator, policy, seed)
        self._popular = KeptPopularity(
            hybrid.sources, self.n_items, _KEPT_BYTES, lambda total: Written.of(total, settings.depth)
        )
        self._room = Room(self.n_items)

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

        With ``allow``, for long lists, among users' own items and where candidates run out, every item is scored.
        """
        if allow is not None or not mask_support or 2 * k > self._depth:
            return self.hybrid.top_k(users, k, exclude=exclude, allow=allow, seed=seed, mask_support=mask_support)
        result = TopK.unfilled(len(users), k)
        salts = user_salts(users.ids, seed)
        for row in range(len(users)):
            one = users if len(users) == 1 else users.select(np.array([row]))
            found = self._ranked(one, k, exclude, salts[row : row + 1])
            if found is None:
                lists = self.hybrid.top_k(one, k, exclude=exclude, seed=seed)
                found = lists.ids[0], lists.scores[0], lists.evidence[0]
            result.ids[row], result.scores[row], result.evidence[row] = found
        return result

    def _ranked(
        self, user: NewUsers, k: int, exclude: NDArray[np.bool_] | None, salt: NDArray[np.uint64]
    ) -> tuple[Items, Floats, NDArray[np.uint8]] | None:
        """A list; None where there are fewer candidates than places."""
        weights = self.hybrid.gate.at(user.shots)[0]
        popular = self._popular.of(user, 0, weights)
        parts = self._parts(user, weights)
        items = self._candidates(popular, parts, user.items, exclude)
        if len(items) < k:
            return None
        by_kind, means = {Evidence.POPULARITY: popular.at(items)}, {Evidence.POPULARITY: popular.mean}
        for kind in dict.fromkeys(one.evidence for one in parts):
            of_kind = [one for one in parts if one.evidence is kind]
            values = self._spoken_at(items, of_kind)
            for one in of_kind:
                if not isinstance(one.part, Spoken):
                    values += one.part.at(items) * one.scale
            by_kind[kind] = by_kind[kind] + values if kind in by_kind else values
            means[kind] = means.get(kind, 0.0) + sum(one.part.mean * float(one.scale) for one in of_kind)
        scores = np.asarray(np.sum([*by_kind.values()], axis=0, dtype=np.float32))
        order = np.lexsort((-tie_keys(salt, items), -scores))[:k]
        lifts = np.full((len(Evidence), len(order)), -np.inf, dtype=np.float32)
        for kind, values in by_kind.items():
            lifts[kind] = values[order] - np.float32(means[kind])
        return items[order], scores[order], lifts.argmax(axis=0).astype(np.uint8)

    def _candidates(
        self, popular: Written, parts: Sequence[_Weighed], own: Items, exclude: NDArray[np.bool_] | None
    ) -> Items:
        """The ``depth`` items with the largest sums of what scores bring up, and of popularity; rising."""
        if any(isinstance(one.part, Spread) for one in parts):
            return self._among_all(popular, parts, own, exclude)
        sums, _, seen, touched = self._room.arrays
        count = kernels.add_sparse(popular.items, popular.values, np.float32(0), sums, seen, touched, 0)
        for one in parts:
            assert not isinstance(one.part, Spread)
            items, values = one.part.items, one.part.values
            if not isinstance(one.part, Spoken) and len(items) > self._depth:
                best = head(values, self._depth)
                items, values = items[best], values[best]
            count = kernels.add_sparse(items, values, one.scale, sums, seen, touched, count)
        # Popularity of every item is known, so it counts below its head as well.
        items, totals = kernels.collect(sums, seen, touched, count, popular.everywhere)
        allowed = ~held(items, own)
        if exclude is not None:
            allowed &= ~exclude[items]
        items, totals = items[allowed], totals[allowed]
        found: Items = np.sort(items[head(totals, self._depth)])
        return found

    def _among_all(
        self, popular: Written, parts: Sequence[_Weighed], own: Items, exclude: NDArray[np.bool_] | None
    ) -> Items:
        """As ``_candidates``, where a score is told of every item."""
        totals = popular.everywhere.copy()
        for one in parts:
            if isinstance(one.part, Spread):
                totals += one.part.values * one.scale
            else:
                kernels.add_at(one.part.items, one.part.values, one.scale, totals)
        totals[own] = 0
        if exclude is not None:
            totals[exclude] = 0
        items: Items = head(totals, self._depth).astype(np.int32)
        return items[totals[items] > 0]

    def _spoken_at(self, items: Items, parts: Sequence[_Weighed]) -> Floats:
        """What filters say of items together, float32 (n,)."""
        sums, _, seen, _ = self._room.arrays
        seen[items] = True
        for one in parts:
            if isinstance(one.part, Spoken):
                kernels.add_where(one.part.items, one.part.values, one.scale, sums, seen)
        found: Floats = sums[items]
        sums[items], seen[items] = 0, False
        return found

    def _parts(self, user: NewUsers, weights: Floats) -> list[_Weighed]:
        """Every score that has weight for a user, save popularity."""
        asked = Asked(user, self.n_items, self._completing)
        found = []
        for number, teller in self._tellers.items():
            part = teller.tell(asked) if weights[number] > 0 else None
            largest = np.float32(0) if part is None else part.values.max(initial=0)
            if part is not None and largest > 0:
                found.append(
                    _Weighed(part, np.float32(weights[number] / largest), self.hybrid.sources[number].evidence)
                )
        return found
