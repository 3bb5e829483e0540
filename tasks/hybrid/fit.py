"""Fitting the gate: on half B, out of fold for those it is measured on, whole for everybody else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, Posed
from tasks.hybrid.candidates import choices_of
from tasks.hybrid.gate import Choices, Gate, fit_gate
from tasks.hybrid.hybrid import FoldOf, Hybrid, OutOfFold
from tasks.hybrid.settings import HybridSettings
from tasks.hybrid.sources import PriorSource, Source

FOLDS = 5

Select = Callable[[Mapping[str, Hybrid]], str]
"""From rankings by one score each to the name of the one that serves half A best without any event."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What the gate is fitted to; costly, and the same for every ridge.

    Attributes:
        sources: M scores.
        choices: What the users of half B took among the items that the scores bring up.
        prior: Name of the score that the gate starts from.

    """

    sources: tuple[Source, ...]
    choices: Choices
    prior: str

    @classmethod
    def of(
        cls, sources: Sequence[Source], half_b: Sequence[Posed], fold_of: FoldOf, depth: int, select: Select
    ) -> "Learned":
        """Look at what half B took, and choose the prior."""
        parts = [choices_of(sources, posed, fold_of(posed.users), depth) for posed in half_b]
        n_items = half_b[0].targets.shape[1]
        alone = {one.name: _alone(one, n_items) for one in sources if isinstance(one, PriorSource)}
        return cls(tuple(sources), Choices.joined(parts), select(alone))

    def gate(self, ridge: float, left_out: int | None = None) -> Gate:
        """Fit the gate, perhaps without one fold."""
        names = tuple(source.name for source in self.sources)
        chosen = self.choices if left_out is None else self.choices.select(self.choices.fold != left_out)
        return fit_gate(names, chosen, names.index(self.prior), ridge)


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


def _alone(source: Source, n_items: int) -> Hybrid:
    """One score as a ranking by itself."""
    return Hybrid(n_items, (source,), Gate((source.name,), np.ones(1), np.ones(1)))
