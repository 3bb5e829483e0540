"""A worker process: does one unit of work after another, and ends with the process that started it.

``python -m tasks.benchmark.worker <file descriptor>``; started by ``tasks.benchmark.workers``.
"""

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tasks.benchmark.ground import Grounds
from tasks.benchmark.measured import measure_cell
from tasks.benchmark.methods import catalogue
from tasks.benchmark.roster import roster
from tasks.benchmark.search import read_space, start_of, with_values
from tasks.benchmark.tuning import Best, OutOfTimeError, search
from tasks.benchmark.units import (
    Call,
    CellDone,
    CellFailed,
    Measure,
    Message,
    Started,
    Survey,
    Surveyed,
    Tune,
    Unit,
)
from tasks.benchmark.used import Cases, measure_use
from tasks.benchmark.workbench import Workbench, generator_store
from tasks.benchmark.worker_loop import serve
from tasks.evaluation.evaluation import MEAN
from tasks.results.cell import Cell
from tasks.results.store import write_cell, write_users
from tasks.results.used import write_used
from tasks.runs.closing import one_line
from tasks.runs.home import Home
from tasks.uses.use import means_of

TUNING_SEED = 0
"""The seed on which settings are tuned."""


class Desk:
    """Does units; keeps what is loaded and fitted between them.

    Args:
        home: Where trained generators and journals are kept.

    """

    def __init__(self, home: Home) -> None:
        self._home, self._grounds = home, Grounds()

    def do(self, unit: Unit, tell: Callable[[Message], None]) -> Surveyed | Best | None:
        """The result of a unit, as ``Finished`` has it."""
        if isinstance(unit, Survey):
            return self._survey(unit)
        if isinstance(unit, Tune):
            return self._tune(unit)
        self._measure(unit, tell)
        return None

    def _survey(self, unit: Survey) -> Surveyed:
        config = unit.asked.config()
        ingested = self._grounds.ingested(unit.asked, 0)
        resolved = ingested.resolved
        return Surveyed(self._grounds.identity(unit.asked, config, ingested), resolved.questions, resolved.reason)

    def _tune(self, unit: Tune) -> Best | None:
        method = catalogue(unit.recommendations)[unit.method]
        bench = self._workbench(unit, TUNING_SEED)
        defaults, space = method.defaults(bench.config), read_space(method.search)
        starts = [start_of(space, start, unit.method) for start in method.starts(defaults, unit.needed)]

        def objective(values: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
            settings = method.resolve(with_values(defaults, values), unit.needed)
            return bench.tuning_value(method.fit(bench, settings, on_epoch=report))

        journal = self._home.root / "benchmark" / "studies" / f"{unit.digest[:24]}.jsonl"
        options = {"trials": unit.trials, "seed": TUNING_SEED}
        try:
            return search(space, starts, objective, **options, journal=journal, deadline=unit.deadline)
        except OutOfTimeError:
            return None

    def _measure(self, unit: Measure, tell: Callable[[Message], None]) -> None:
        methods, folder = catalogue(unit.recommendations), Path(unit.folder)
        bench = self._workbench(unit, unit.seed)
        asked = roster(bench, unit.part)
        cases = Cases(bench, unit.part, asked)
        write_users(folder, unit.asked.dataset, unit.question, asked.table)

        def done(call: Call) -> CellDone:
            if call.use:
                used = measure_use(cases, methods.get(call.method), call)
                name, seconds, figures = write_used(folder, used), used.seconds, shots_headline(means_of(used.frame))
            else:
                cell = measure_cell(bench, methods[call.method], call, unit.part, asked)
                name, seconds, figures = write_cell(folder, cell), cell.seconds, headline(cell)
            return CellDone(call, name, seconds["fit"] + seconds["measure"], figures)

        for call in unit.calls:
            if time.time() > unit.deadline:
                return
            tell(Started(call))
            try:
                message: Message = done(call)
            except Exception as error:
                message = CellFailed(call, one_line(error), traceback.format_exc())
            tell(message)

    def _workbench(self, unit: Tune | Measure, seed: int) -> Workbench:
        ground = self._grounds.ground(unit.asked, unit.question, seed)
        return Workbench(ground, seed, generator_store(self._home))


def headline(cell: Cell) -> dict[str, float]:
    """NDCG@10 and HR@10 of a cell by shots: ``ndcg_at_10/shots_3``, ``ndcg_at_10/mean``."""
    return {
        f"{figure['metric']}_at_10/{'' if figure['shots'] == 'mean' else 'shots_'}{figure['shots']}": value
        for figure in cell.figures
        if figure["metric"] in ("ndcg", "hit_rate") and figure["k"] == 10 and not figure["variant"]
        if (value := figure["value"]) is not None
    }


def shots_headline(means: Mapping[str, float]) -> dict[str, float]:
    """The same of a use: its figures by shots, and their means over s ≥ 1."""
    found: dict[str, float] = {}
    for figure in dict.fromkeys(name.partition("/")[0] for name in means):
        own = {name.partition("/")[2]: value for name, value in means.items() if name.startswith(f"{figure}/")}
        known = [value for shots, value in own.items() if shots != "0"]
        found |= {f"{figure}/shots_{shots}": value for shots, value in own.items()}
        found |= {f"{figure}/{MEAN}": sum(known) / len(known)} if known else {}
    return found


if __name__ == "__main__":
    desk = Desk(Home.current())
    serve(Connection(int(sys.argv[1])), lambda unit, tell, _: desk.do(unit, tell))
