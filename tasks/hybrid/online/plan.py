"""The hybrid for a few users at a time: what does not depend on the user is computed once, the rest without detours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import expected_of
from tasks.domain import Evidence, NewUsers, VirtualBehaviour
from tasks.hybrid.gate import Gate
from tasks.hybrid.online import kernels
from tasks.hybrid.online.filters import OnlineFilter, online_filter
from tasks.hybrid.online.neighbours import SharedRows
from tasks.hybrid.online.popularity import KeptPopularity
from tasks.hybrid.online.profiles import SortedProfiles
from tasks.hybrid.sources import FilterSource, GeneratorSource, Source

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
        popular = KeptPopularity(sources, n_items, _KEPT_BYTES, lambda total: total)
        of = [number for number, one in enumerate(sources) if one.evidence is Evidence.POPULARITY]
        # Only what comes first of its kind: sums are then those of the sources one after the other.
        self._popular = popular if of and of == popular.numbers else None
        apart = popular.numbers if self._popular else []
        shared = SharedRows()
        self._steps = [_step(number, one, shared) for number, one in enumerate(sources) if number not in apart]

    def parts(self, users: NewUsers) -> Parts:
        """What each kind of evidence adds up to, float32 (B, I) each.

        Args:
            users: At most ``FEW_USERS`` users.

        """
        weights = self._gate.at(users.shots)
        parts: Parts = {kind: np.zeros((len(users), self._n_items), dtype=np.float32) for kind in self._kinds}
        if self._popular is not None:
            for row, out in enumerate(parts[Evidence.POPULARITY]):
                out[:] = self._popular.of(users, row, weights[row])
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


def _add_generator(
    source: GeneratorSource, users: NewUsers, weights: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    expected = expected_of(source.generator)
    if expected is None:
        source.add(users, weights, out)
        return
    kernels.add_relative(expected(users, source.draws, source.seed), weights, out)


def _step(number: int, source: Source, shared: SharedRows) -> _Step:
    if not isinstance(source, FilterSource):
        return _Step(number, source, None, None)
    is_completed = source.completion is not None
    return _Step(number, source, online_filter(source.fitted, is_completed, shared), source.completion)
