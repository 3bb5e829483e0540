"""The bar: the strongest baseline at each number of shots, chosen on half A of the validation users."""

from collections.abc import Mapping
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
        values = np.full((len(panel.users), len(panel.shots)), np.nan)
        own = {name: panel.values(name, figure) for name in set(self.by_shots.values())}
        for place, shots in enumerate(panel.shots):
            if shots in self.by_shots:
                values[:, place] = own[self.by_shots[shots]][:, place]
        return values


def references_of(panel: Panel) -> References:
    """The baseline with the highest NDCG@10 on half A at each number of shots, averaged over its seeds.

    Among equals a form of popularity comes first (without any shot, collaborative filtering is one of them), then
    the alphabet.
    """
    baselines = [name for name in panel.methods if panel.role(name) == "baseline"]
    baselines.sort(key=lambda name: ("popularity" not in name, name))
    chosen = {}
    for place, shots in enumerate(panel.shots):
        measured = {name: round(float(panel.half_a(name)[place]), _DIGITS) for name in baselines}
        measured = {name: value for name, value in measured.items() if not np.isnan(value)}
        if measured:
            chosen[shots] = max(measured, key=lambda name: measured[name])
    return References(chosen)
