"""The bar: the strongest baseline at each number of shots, chosen on half A of the validation users."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.results.panel import Panel

_DIGITS = 9
"""Figures on half A that agree so far are a tie."""


@dataclass(frozen=True, slots=True)
class References:
    """Who is the reference at each number of shots.

    Attributes:
        by_shots: Name of a baseline by number of shots; only where one was measured on half A.

    """

    by_shots: Mapping[str, str]

    @property
    def known(self) -> tuple[str, ...]:
        """References where something is shown (s ≥ 1), each once, fewest shots first."""
        return tuple(dict.fromkeys(name for shots, name in self.by_shots.items() if shots != "0"))

    def holds(self, method: str, shots: str) -> bool:
        """Whether a method is the reference at ``shots``; at ``mean``: at every number of shots from 1 on."""
        return self.known == (method,) if shots == "mean" else self.by_shots.get(shots) == method

    def values(self, panel: Panel, figure: str) -> NDArray[np.float64]:
        """Values per user of the reference of each number of shots, float64 (U, S); ``nan`` without one."""
        if not self.by_shots:
            return np.full((len(panel.users), len(panel.shots)), np.nan)
        return bar_of(
            self.by_shots, panel.shots, {name: panel.values(name, figure) for name in set(self.by_shots.values())}
        )


def references_of(panel: Panel) -> References:
    """The baseline with the highest NDCG@10 on half A at each number of shots, averaged over its seeds.

    Among equals a form of popularity comes first (without any shot, collaborative filtering is one of them), then
    the alphabet.
    """
    baselines = [name for name in panel.methods if panel.role(name) == "baseline"]
    baselines.sort(key=lambda name: ("popularity" not in name, name))
    return References(best_on_half_a(baselines, panel.shots, panel.half_a))


def best_on_half_a(
    names: Sequence[str], shots: Sequence[str], half_a: Callable[[str], NDArray[np.float64]]
) -> dict[str, str]:
    """Who is best at each number of shots; of equals the first.

    Args:
        names: Those to choose among.
        shots: S numbers of shots.
        half_a: Means on half A by name, float64, one per number of shots at least; ``nan`` where nothing was measured.

    """
    chosen = {}
    for place, one in enumerate(shots):
        measured = {name: round(float(half_a(name)[place]), _DIGITS) for name in names}
        measured = {name: value for name, value in measured.items() if not np.isnan(value)}
        if measured:
            chosen[one] = max(measured, key=lambda name: measured[name])
    return chosen


def bar_of(
    by_shots: Mapping[str, str], shots: Sequence[str], values: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Values of the reference of each number of shots, float64 (N, S); ``nan`` without one.

    Args:
        by_shots: Name of the reference by number of shots, at least one.
        shots: S numbers of shots.
        values: float64 (N, S) by name.

    """
    bar = np.full_like(values[next(iter(by_shots.values()))], np.nan)
    for place, one in enumerate(shots):
        if one in by_shots:
            bar[:, place] = values[by_shots[one]][:, place]
    return bar
