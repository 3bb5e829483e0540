"""The hybrid for a few users at a time: what does not depend on the user is computed once, the rest without detours."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import expected_of
from tasks.domain import Evidence, NewUsers, VirtualBehaviour
from tasks.hybrid.gate import MANY, Gate
from tasks.hybrid.online import kernels
from tasks.hybrid.online.filters import OnlineFilter, online_filter
from tasks.hybrid.online.profiles import SortedProfiles
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, Source

_KEPT_BYTES = 32 * 2**20
"""Of popularity by number of events and class."""

Parts = dict[Evidence, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Step:
    """One score of the hybrid: the filter in its quick form, or the source itself."""

    number: int
    source: Source
    filter: OnlineFilter | None
    completion: Callable[[NewUsers], VirtualBehaviour | None] | None


class OnlinePlan:
    """Scores a few users as ``Hybrid`` does, up to the rounding of float32.

    Args:
        n_items: Size I of the catalogue.
        sources: M scores.
        gate: Their weights.

    """

    def __init__(self, n_items: int, sources: Sequence[Source], gate: Gate) -> None:
        self._n_items, self._gate = n_items, gate
        self._kinds = tuple(dict.fromkeys(source.evidence for source in sources))
        popular = [isinstance(source, PriorSource | SegmentSource) for source in sources]
        # Only what comes first of its kind: sums are then those of the sources one after the other.
        self._popular = [(number, one) for number, one in enumerate(sources) if popular[number]]
        if not self._popular_first(sources):
            self._popular = []
        of = {number for number, _ in self._popular}
        self._steps = [_step(number, one) for number, one in enumerate(sources) if number not in of]
        self._kept: OrderedDict[tuple[int, bytes], NDArray[np.float32]] = OrderedDict()

    def parts(self, users: NewUsers) -> Parts:
        """What each kind of evidence adds up to, float32 (B, I) each.

        Args:
            users: At most ``FEW_USERS`` users.

        """
        weights = self._gate.at(users.shots)
        parts: Parts = {kind: np.zeros((len(users), self._n_items), dtype=np.float32) for kind in self._kinds}
        if self._popular:
            self._add_popularity(users, weights, parts[Evidence.POPULARITY])
        real = SortedProfiles.real(users)
        completed: dict[int, SortedProfiles] = {}
        for step in self._steps:
            weight = np.ascontiguousarray(weights[:, step.number])
            if not weight.any():
                continue
            out = parts[step.source.evidence]
            if isinstance(step.source, GeneratorSource):
                _add_generator(step.source, users, weight, out)
            elif step.filter is None:
                step.source.add(users, weight, out)
            elif step.completion is None:
                step.filter.add(real, weight, out)
            else:
                profiles = completed.get(id(step.completion))
                if profiles is None:
                    profiles = completed[id(step.completion)] = real.completed(step.completion(users))
                step.filter.add(profiles, weight, out)
        return parts

    def _popular_first(self, sources: Sequence[Source]) -> bool:
        places = [number for number, one in enumerate(sources) if one.evidence is Evidence.POPULARITY]
        return places == [number for number, _ in self._popular] and bool(places)

    def _add_popularity(self, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        for row, shots in enumerate(users.shots):
            key = (min(int(shots), MANY), users.features.categories[row].tobytes())
            kept = self._kept.get(key)
            if kept is None:
                kept = np.zeros((1, self._n_items), dtype=np.float32)
                one = users.select(np.array([row]))
                for number, source in self._popular:
                    if weights[row, number] > 0:
                        source.add(one, weights[[row], number], kept)
                self._keep(key, kept)
            out[row] = kept[0]

    def _keep(self, key: tuple[int, bytes], values: NDArray[np.float32]) -> None:
        self._kept[key] = values
        while len(self._kept) * values.nbytes > _KEPT_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)


def _add_generator(
    source: GeneratorSource, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    expected = expected_of(source.generator)
    if expected is None:
        source.add(users, weights, out)
        return
    kernels.add_relative(expected(users, source.draws, source.seed), weights, out)


def _step(number: int, source: Source) -> _Step:
    if not isinstance(source, FilterSource):
        return _Step(number, source, None, None)
    return _Step(number, source, online_filter(source.fitted, source.completion is not None), source.completion)
