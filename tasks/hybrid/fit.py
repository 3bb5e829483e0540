"""Fitting the gate: on half B, out of fold for those it is measured on, whole for everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Evidence, NewUsers, Posed
from tasks.hybrid.candidates import choices_of
from tasks.hybrid.gate import Choices, Gate, fit_gate
from tasks.hybrid.hybrid import FoldOf, Hybrid, OutOfFold
from tasks.hybrid.sources import FilterSource, PriorSource, SegmentSource, Source
from tasks.hybrid.start import equal_start

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Learned:
    """What the gate is fitted to; costly, and the same for every ridge.

    Attributes:
        sources: M scores.
        choices: What the users of half B took among the items that the scores bring up.

    """

    sources: tuple[Source, ...]
    choices: Choices

    @classmethod
    def of(cls, sources: Sequence[Source], half_b: Sequence[Posed], fold_of: FoldOf, depth: int) -> "Learned":
        """Look at what half B took."""
        looked = [choices_of(sources, posed, fold_of(posed.users), depth) for posed in half_b]
        return cls(tuple(sources), Choices.joined(looked))

    def start(self, left_out: int | None = None) -> Gate:
        """Where the gate starts, perhaps without having seen one fold."""
        names = tuple(source.name for source in self.sources)
        return equal_start(names, priors_of(self.sources), filters_of(self.sources), self._without(left_out))

    def gate(self, ridge: float, left_out: int | None = None) -> Gate:
        """Fit the gate, perhaps without one fold."""
        return fit_gate(self._without(left_out), self.start(left_out), ridge)

    def _without(self, fold: int | None) -> Choices:
        return self.choices if fold is None else self.choices.select(self.choices.fold != fold)


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
