"""Lists of the hybrid among candidates: of every score its best items, and all that a filter speaks of.

An item that no score brings up lies below the head of each of them, so what is missed lies where clusters were not
looked into, or a little below many heads. ``benchmarks/wide.py`` measures how much that is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.domain import Evidence, NewUsers, TopK
from tasks.errors import ModelError
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.online import kernels
from tasks.hybrid.online.filters import Room
from tasks.hybrid.sources import FilterSource
from tasks.hybrid.wide.expectation import held
from tasks.hybrid.wide.parts import Floats, Items, Part, Spoken, Written, head
from tasks.hybrid.wide.settings import WideSettings
from tasks.hybrid.wide.tellers import Asked, Completing, tellers_of
from tasks.recommenders.ties import tie_keys, user_salts


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A part of one user's score, and what it is multiplied with."""

    part: Part | Spoken
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
        self._room = Room(self.n_items)
        self._rooms = {kind: Room(self.n_items) for kind in Evidence}

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
        parts = self._parts(user)
        spoken = {kind: self._spoken(kind, parts) for kind in dict.fromkeys(one.evidence for one in parts)}
        items = self._candidates(parts, spoken, user.items, exclude)
        # Of what filters speak of each kind's sums are written down, of all else every item can be asked.
        by_kind = {kind: self._rooms[kind].arrays[0][items] for kind in spoken}
        for kind, touched in spoken.items():
            sums, _, seen, _ = self._rooms[kind].arrays
            sums[touched], seen[touched] = 0, False
        if len(items) < k:
            return None
        for one in parts:
            if not isinstance(one.part, Spoken):
                by_kind[one.evidence] += one.part.at(items) * one.scale
        scores = np.asarray(np.sum([*by_kind.values()], axis=0, dtype=np.float32))
        order = np.lexsort((-tie_keys(salt, items), -scores))[:k]
        lifts = np.full((len(Evidence), len(order)), -np.inf, dtype=np.float32)
        for kind, values in by_kind.items():
            mean = sum(one.part.mean * float(one.scale) for one in parts if one.evidence is kind)
            lifts[kind] = values[order] - np.float32(mean)
        return items[order], scores[order], lifts.argmax(axis=0).astype(np.uint8)

    def _spoken(self, kind: Evidence, parts: Sequence[_Weighed]) -> Items:
        """Sum up what filters of a kind speak of; where that is."""
        sums, _, seen, touched = self._rooms[kind].arrays
        count = 0
        for one in parts:
            if one.evidence is kind and isinstance(one.part, Spoken):
                count = kernels.add_sparse(one.part.items, one.part.values, one.scale, sums, seen, touched, count)
        return touched[:count]

    def _candidates(
        self, parts: Sequence[_Weighed], spoken: Mapping[Evidence, Items], own: Items, exclude: NDArray[np.bool_] | None
    ) -> Items:
        """The ``depth`` items with the largest sums of what scores bring up, and of popularity."""
        sums, _, seen, touched = self._room.arrays
        count = 0
        for kind, items in spoken.items():
            values = self._rooms[kind].arrays[0][items]
            count = kernels.add_sparse(items, values, np.float32(1), sums, seen, touched, count)
        for one in parts:
            if isinstance(one.part, Spoken):
                continue
            items, values = one.part.items, one.part.values
            if len(items) > self._depth:
                best = head(values, self._depth)
                items, values = items[best], values[best]
            scale = np.float32(0) if isinstance(one.part, Written) else one.scale
            count = kernels.add_sparse(items, values, scale, sums, seen, touched, count)
        items = touched[:count].copy()
        totals = sums[items]
        sums[items], seen[items] = 0, False
        # Popularity of every item is known, so it counts below its head as well.
        for one in parts:
            if isinstance(one.part, Written):
                totals += one.part.at(items) * one.scale
        allowed = ~held(items, own)
        if exclude is not None:
            allowed &= ~exclude[items]
        items, totals = items[allowed], totals[allowed]
        return np.sort(items[head(totals, self._depth)])

    def _parts(self, user: NewUsers) -> list[_Weighed]:
        """Every score that has weight for a user."""
        weights = self.hybrid.gate.at(user.shots)[0]
        asked = Asked(user, self.n_items, self._completing)
        found = []
        for teller, source, weight in zip(self._tellers, self.hybrid.sources, weights, strict=True):
            part = teller.tell(asked) if weight > 0 else None
            if part is None:
                continue
            # Popularity comes in units of its largest; of others that is the user's.
            largest = np.float32(1) if isinstance(part, Written) else part.values.max(initial=0)
            if largest > 0:
                found.append(_Weighed(part, np.float32(weight / largest), source.evidence))
        return found
