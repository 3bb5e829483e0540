"""Fitting the gate: on half B, out of fold for those it is measured on, whole for everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Evidence, NewUsers, Posed
from tasks.hybrid.candidates import choices_of
from tasks.hybrid.gate import Choices, Gate, fit_gate
from tasks.hybrid.hybrid import FoldOf, Hybrid, OutOfFold
from tasks.hybrid.settings import HybridSettings
from tasks.hybrid.sources import FilterSource, PriorSource, SegmentSource, Source
from tasks.hybrid.start import best_start

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Learned:
    """What the gate is fitted to; costly, and the same for every ridge.

    Attributes:
        sources: M scores.
        choices: What the users of half B took among the items that the scores bring up.
        start: The best popularity with the best filter on half A: what the gate starts from.

    """

    sources: tuple[Source, ...]
    choices: Choices
    start: Gate

    @classmethod
    def of(
        cls,
        sources: Sequence[Source],
        half_a: Sequence[Posed],
        half_b: Sequence[Posed],
        fold_of: FoldOf,
        depth: int,
    ) -> "Learned":
        """Look at what the two halves took."""
        look = partial(choices_of, sources, depth=depth)
        tuning = Choices.joined([look(posed, np.zeros(len(posed.users), dtype=np.uint8)) for posed in half_a])
        learning = Choices.joined([look(posed, fold_of(posed.users)) for posed in half_b])
        names = tuple(source.name for source in sources)
        return cls(tuple(sources), learning, best_start(names, _priors(sources), _filters(sources), tuning))

    def gate(self, ridge: float, left_out: int | None = None) -> Gate:
        """Fit the gate, perhaps without one fold."""
        chosen = self.choices if left_out is None else self.choices.select(self.choices.fold != left_out)
        return fit_gate(chosen, self.start, ridge)


@dataclass(frozen=True, slots=True)
class FittedHybrid:
    """The hybrid that is shipped, and the one that half B is measured with.

    Attributes:
        whole: Its gate saw all of half B.
        crossed: Answers users of half B by gates that did not see them.

    """

    whole: Hybrid
    crossed: OutOfFold

    @classmethod
    def of(cls, learned: Learned, settings: HybridSettings, n_items: int, fold_of: FoldOf) -> "FittedHybrid":
        """Fit the gate on all of half B, and once without each fold."""

        def hybrid(left_out: int | None = None) -> Hybrid:
            return Hybrid(n_items, learned.sources, learned.gate(settings.ridge, left_out))

        return cls(hybrid(), OutOfFold(tuple(hybrid(fold) for fold in range(FOLDS)), fold_of))


def folds_of(ids: NDArray[np.uint64], folds: NDArray[np.uint8]) -> FoldOf:
    """The folds of users that are told by their ids.

    Args:
        ids: uint64 (V,), of all validation users.
        folds: uint8 (V,), 0 … ``FOLDS`` − 1.

    """
    order = np.argsort(ids)

    def fold_of(users: NewUsers) -> NDArray[np.uint8]:
        place = np.minimum(np.searchsorted(ids, users.ids, sorter=order), len(ids) - 1)
        if len(users) and (ids[order[place]] != users.ids).any():
            raise ValueError("folds are those of validation users; got others")
        return folds[order[place]]

    return fold_of


def _priors(sources: Sequence[Source]) -> list[int]:
    return [number for number, source in enumerate(sources) if isinstance(source, PriorSource | SegmentSource)]


def _filters(sources: Sequence[Source]) -> list[int]:
    """Filters on real behaviour: the start is a baseline."""
    return [
        number
        for number, source in enumerate(sources)
        if isinstance(source, FilterSource) and source.evidence == Evidence.REAL
    ]
