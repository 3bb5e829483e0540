"""Fitting the gate: on half B, out of fold for those it is measured on, whole for everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Evidence, NewUsers, Posed
from tasks.hybrid.candidates import choices_of
from tasks.hybrid.gate import Choices, Gate, fit_gate
from tasks.hybrid.hybrid import FoldOf, Hybrid, OutOfFold
from tasks.hybrid.sources import FilterSource, PriorSource, SegmentSource, Source
from tasks.hybrid.start import best_start

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Learned:
    """What the gate is fitted to; costly, and the same for every ridge.

    Attributes:
        sources: M scores.
        choices: What the users of half B took among the items that the scores bring up.
        tuning: What those of half A took.
        start: The best popularity with the best filter on half A: what the gate starts from.

    """

    sources: tuple[Source, ...]
    choices: Choices
    tuning: Choices
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
        start = best_start(names, priors_of(sources), filters_of(sources), tuning)
        return cls(tuple(sources), learning, tuning, start)

    def gate(self, ridge: float, left_out: int | None = None) -> Gate:
        """Fit the gate, perhaps without one fold."""
        chosen = self.choices if left_out is None else self.choices.select(self.choices.fold != left_out)
        return fit_gate(chosen, self.start, ridge)


@dataclass(frozen=True)
class FittedHybrid:
    """The hybrid that is shipped, and the one that half B is measured with.

    Attributes:
        learned: What gates are fitted to.
        ridge: How strongly they are drawn to the start.
        n_items: Size I of the catalogue.
        fold_of: Folds of half B.

    """

    learned: Learned
    ridge: float
    n_items: int
    fold_of: FoldOf

    @cached_property
    def whole(self) -> Hybrid:
        """Its gate saw all of half B."""
        return self._hybrid(None)

    @cached_property
    def crossed(self) -> OutOfFold:
        """Answers users of half B by gates that did not see them; tuning, which asks half A, never fits these."""
        return OutOfFold(tuple(self._hybrid(fold) for fold in range(FOLDS)), self.fold_of)

    def _hybrid(self, left_out: int | None) -> Hybrid:
        return Hybrid(self.n_items, self.learned.sources, self.learned.gate(self.ridge, left_out))


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


def priors_of(sources: Sequence[Source]) -> list[int]:
    """Positions of forms of popularity."""
    return [number for number, source in enumerate(sources) if isinstance(source, PriorSource | SegmentSource)]


def filters_of(sources: Sequence[Source]) -> list[int]:
    """Positions of filters on real behaviour: the start is a baseline."""
    return [
        number
        for number, source in enumerate(sources)
        if isinstance(source, FilterSource) and source.evidence == Evidence.REAL
    ]
