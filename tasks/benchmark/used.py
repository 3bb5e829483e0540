"""One use of one method: it is fitted, and used by half A and by the users who are reported."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark.method import BenchmarkMethod, FittedMethod, Part, Settings
from tasks.benchmark.roster import Roster, half
from tasks.benchmark.units import Call
from tasks.benchmark.workbench import Workbench
from tasks.domain import Posed
from tasks.errors import DataError
from tasks.evaluation.methods import Method
from tasks.results.used import Used, UsedKey
from tasks.uses import USES
from tasks.uses.use import Case


@dataclass
class Cases:
    """The users who are asked, and what uses keep of them from one method to the next.

    Attributes:
        bench: Data, question and seed.
        part: Who is reported.
        asked: Their positions.

    """

    bench: Workbench
    part: Part
    asked: Roster
    _kept: dict[Part, dict[str, Any]] = field(default_factory=dict, init=False)
    _fitted: tuple[str, FittedMethod] | None = field(default=None, init=False)

    def fit(self, method: BenchmarkMethod, settings: Settings) -> FittedMethod:
        """A fitted method; uses of one method that follow each other share it."""
        if self._fitted is None or self._fitted[0] != method.name:
            self._fitted = None  # before the next one is there
            self._fitted = (method.name, method.fit(self.bench, settings))
        return self._fitted[1]

    def case(self, part: Part, fitted: FittedMethod | None) -> Case:
        """A part of the new users before a fitted method, or before a yardstick (None)."""
        kept = self._kept.setdefault(part, {})
        holders, places = self.bench.popularity.holders, self._places(part)
        return Case(self.bench.posed(part), _answers(part, fitted), holders, places, kept)

    def _places(self, part: Part) -> Callable[[Posed], NDArray[np.int64]]:
        if part == "half_a":  # nobody asks who they are
            return lambda posed: posed.population
        population = self.bench.prepared.split.test.histories if part == "test" else half(self.bench, part)
        return lambda posed: self.asked.positions(population.users[posed.population])


def measure_use(cases: Cases, method: BenchmarkMethod | None, call: Call) -> Used:
    """Fit a method, and measure a use of it.

    Args:
        cases: Who is asked.
        method: The method; None for a yardstick.
        call: What is asked for.

    Raises:
        DataError: The method has no answer for the users.

    """
    started = time.monotonic()
    bench, use = cases.bench, USES[call.use]
    fitted = cases.fit(method, call.settings) if method is not None else None
    fit_seconds = time.monotonic() - started
    measured = use.measure(call.method, cases.case(cases.part, fitted), cases.case("half_a", fitted))
    return Used(
        key=UsedKey(call.dataset, call.question, call.use, call.method, bench.seed, call.digest),
        split=bench.prepared.split.name,
        role=call.role,
        version=method.version if method is not None else 0,
        use_version=use.version,
        evaluate="test" if cases.part == "test" else "validation",
        trials=call.trials,
        half_a=measured.half_a,
        notes=measured.notes,
        seconds={"fit": fit_seconds, "measure": time.monotonic() - started - fit_seconds},
        frame=measured.frame,
        cell=call.cell,
    )


def _answers(part: Part, fitted: FittedMethod | None) -> Callable[[Posed], Method] | None:
    if fitted is None:
        return None

    def method_for(posed: Posed) -> Method:
        method = fitted.method_for(part, posed)
        if method is None:
            raise DataError(f"it has no answer for the users of {part}")
        return method

    return method_for
