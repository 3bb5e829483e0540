"""The whole benchmark: read the data sets, tune, measure, and write down what a report reads."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from tasks.benchmark.board import Board, Entry
from tasks.benchmark.crew import Crew, Step, UnitFailedError, plain_step, survey_entries
from tasks.benchmark.ground import Asked
from tasks.benchmark.ledger import CellId, Ledger
from tasks.benchmark.machine import environment
from tasks.benchmark.method import BenchmarkMethod
from tasks.benchmark.methods import chosen, with_needs
from tasks.benchmark.plan import Place, Plan
from tasks.benchmark.progress import Progress, Shown, Stopwatch
from tasks.benchmark.settings import BenchmarkSettings, cores
from tasks.benchmark.tracked import TrackedCells, tracked_benchmark
from tasks.benchmark.tuning import Best
from tasks.benchmark.units import Call, CellDone, CellFailed, Measure, Message, Started, Survey, Surveyed, Tune
from tasks.benchmark.uses import UsesPlan
from tasks.benchmark.workers import WorkerDiedError, WorkerProcess
from tasks.errors import ConfigError, DataError
from tasks.overrides import choices
from tasks.results.store import Manifest, read_manifest, write_environment, write_manifest
from tasks.runs import CodeState, Home
from tasks.splitting import QUESTIONS
from tasks.stages.looks import BOOK, write_down
from tasks.tracking import TrackedRun
from tasks.uses import USES

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a benchmark ended.

    Attributes:
        computed: Cells that were computed now.
        kept: Cells that were finished before.
        failed: Why cells, and uses, failed.
        missing: Cells, and uses, that time did not suffice for.
        unavailable: Names of methods that do not exist yet.
        seconds: Time it took.
        uses_computed: Uses that were measured now.
        uses_kept: Uses that were measured before.

    """

    computed: int
    kept: int
    failed: dict[CellId, str]
    missing: list[CellId]
    unavailable: tuple[str, ...]
    seconds: float = 0.0
    uses_computed: int = 0
    uses_kept: int = 0


@dataclass
class Benchmark:
    """Runs a benchmark.

    Attributes:
        settings: What is asked for.
        home: Where trained generators, journals and tracebacks are kept.
        code: State of the code, for the book of looks.
        step: Runs each unit of work.
        shown: Told how far it is.
        tracked: Told the run of the benchmark in the tracking store, once it is open.
        book: Where looks at test users are written down.

    """

    settings: BenchmarkSettings
    home: Home
    code: CodeState
    step: Step = plain_step
    shown: Shown | None = None
    tracked: Callable[[TrackedRun], None] | None = None
    book: Path = BOOK
    _looked: bool = field(default=False, init=False)

    def check(self) -> tuple[dict[str, BenchmarkMethod], tuple[str, ...]]:
        """What can be wrong with the settings, before anything is started; the methods, and names without one.

        Raises:
            ConfigError: A name, or a setting of the training runs, cannot be used.

        """
        for dataset in self.settings.datasets:
            if dataset not in choices("dataset"):
                raise ConfigError(f"datasets: {dataset!r} is not one of {', '.join(choices('dataset'))}")
            self._asked(dataset).config()
        for question in self.settings.questions or ():
            if question not in QUESTIONS:
                raise ConfigError(f"questions: {question!r} is not one of {', '.join(QUESTIONS)}")
        for name in self.settings.uses or ():
            if name not in USES:
                raise ConfigError(f"uses: {name!r} is not one of {', '.join(USES)}")
        methods, unavailable = chosen(self.settings.methods, self.settings.recommendations)
        if not methods:
            raise ConfigError(f"methods: none of {', '.join(unavailable)} is available yet")
        return methods, unavailable

    def run(self) -> Outcome:
        """Compute what is missing, and write the manifest. Failures are part of the outcome."""
        watch, settings = Stopwatch(), self.settings
        deadline = time.time() + settings.budget_seconds if settings.budget_seconds else float("inf")
        methods, unavailable = self.check()
        for name in unavailable:
            logger.warning("%s is not available yet: passed over", name)
        crew = Crew(settings.processes, max(1, cores() // settings.processes), self.step)
        name = f"benchmark-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        with tracked_benchmark(settings, self.home, self.code, name) as parent:
            tracked = TrackedCells(settings, self.home, self.code, parent)
            if self.tracked is not None:
                self.tracked(parent)
            try:
                plan = Plan(settings, methods, with_needs(methods), self._survey(crew), deadline)
                parent.log_parameters({"datasets": list(settings.datasets), "methods": list(methods)})
                self._compute(crew, plan, plan.entries(), plan.ledger, "cells", tracked, parent.id or name)
                self._write(plan.ledger, Ledger(), watch)
                uses = UsesPlan(plan)
                self._compute(crew, plan, uses.entries(), uses.ledger, "uses", tracked, parent.id or name)
            finally:
                crew.close()
            cells = plan.ledger
            self._write(cells, uses.ledger, watch)
            parent.log_metrics({"cells/computed": len(cells.computed), "cells/failed": len(cells.failed)})
        return Outcome(
            len(cells.computed),
            len(cells.kept),
            cells.failed | uses.ledger.failed,
            cells.missing + uses.ledger.missing,
            unavailable,
            watch.seconds,
            len(uses.ledger.computed),
            len(uses.ledger.kept),
        )

    def _asked(self, dataset: str) -> Asked:
        return Asked(dataset, self.settings.overrides, self.settings.evaluate)

    def _survey(self, crew: Crew) -> list[Place]:
        """Read every data set once, and settle which questions it is asked."""
        found: dict[str, Surveyed] = {}

        def work(worker: WorkerProcess, entry: Entry, unit: Survey) -> None:
            finished = worker.run(unit, lambda message: None)
            if finished.reason is not None:
                self._keep_trace(unit.title, finished.trace)
                raise DataError(f"{unit.asked.dataset}: {finished.reason}")
            found[unit.asked.dataset] = finished.result

        units = [Survey(self._asked(dataset)) for dataset in dict.fromkeys(self.settings.datasets)]
        crew.do(Board(survey_entries(units), float("inf")), work)
        places = []
        for unit in units:
            surveyed, dataset = found[unit.asked.dataset], unit.asked.dataset
            asked = tuple(
                q for q in surveyed.questions if self.settings.questions in (None, ()) or q in self.settings.questions
            )
            if asked:
                places.append(Place(unit.asked, unit.asked.config(), surveyed, asked))
            else:
                logger.warning("%s answers %s: passed over", dataset, ", ".join(surveyed.questions))
        if not places:
            raise ConfigError(
                f"questions: none of {', '.join(self.settings.questions or ())} is answered by the datasets"
            )
        return places

    def _compute(
        self,
        crew: Crew,
        plan: Plan,
        entries: list[Entry],
        ledger: Ledger,
        what: str,
        tracked: TrackedCells,
        run_id: str,
    ) -> None:
        """Do everything there is to do, and enter what comes of it into the ledger."""
        tunings = sum(len(entry.key) == 3 and entry.key[2] in plan.everything for entry in entries)
        progress = Progress(ledger, tunings, self.settings.processes, self.shown, what)

        def work(worker: WorkerProcess, entry: Entry, unit: Tune | Measure) -> None:
            if isinstance(unit, Tune):
                self._tune(worker, plan, unit, progress)
            else:
                self._measure(worker, ledger, unit, progress, tracked, run_id)

        crew.do(Board(entries, plan.deadline), work)

    def _tune(self, worker: WorkerProcess, plan: Plan, unit: Tune, progress: Progress) -> None:
        key = (unit.asked.dataset, unit.question, unit.method)
        try:
            finished = worker.run(unit, lambda message: None)
            reason, trace, best = finished.reason, finished.trace, finished.result
        except WorkerDiedError as error:
            reason, trace, best = str(error), "", None
        if reason is not None:
            plan.ledger.tuning_failed[key] = reason
            self._keep_trace(unit.title, trace)
            logger.error("%s failed: %s", unit.title, reason)
            raise UnitFailedError(reason)
        if isinstance(best, Best):
            plan.keep_tuned(unit, best)
            progress.tuning(unit.title, best.value, best.seconds)

    def _measure(
        self,
        worker: WorkerProcess,
        ledger: Ledger,
        unit: Measure,
        progress: Progress,
        tracked: TrackedCells,
        run_id: str,
    ) -> None:
        self._look(run_id)
        left = list(unit.calls)
        current: list[Call] = []

        def listen(message: Message) -> None:
            if isinstance(message, Started):
                current[:] = [message.call]
            elif isinstance(message, CellDone):
                left.remove(message.call)
                ledger.computed[_id(message.call)] = message.name
                tracked.log(message)
                progress.cell(message)
            elif isinstance(message, CellFailed):
                left.remove(message.call)
                self._fail(ledger, message, progress)

        while left:
            reason, trace = None, ""
            try:
                finished = worker.run(replace(unit, calls=tuple(left)), listen)
                reason, trace = finished.reason, finished.trace
                if reason is None:
                    break
                failing = list(left)
            except WorkerDiedError as error:
                # The others still have their chance, with a new process.
                reason, failing = str(error), current or list(left)
            for call in failing:
                listen(CellFailed(call, reason, trace))
            current.clear()
        failed = [call for call in unit.calls if _id(call) in ledger.failed]
        if failed:
            raise UnitFailedError(f"{len(failed)} cells failed")

    def _fail(self, ledger: Ledger, message: CellFailed, progress: Progress) -> None:
        ledger.failed[_id(message.call)] = message.reason
        self._keep_trace(" ".join(map(str, _id(message.call))), message.trace)
        progress.cell(message)

    def _look(self, run_id: str) -> None:
        """A benchmark that computes a cell on test users is one look at them."""
        if self.settings.evaluate == "test" and not self._looked:
            self._looked = True
            write_down(run_id, self.code, "benchmark", self.book)

    def _write(self, cells: Ledger, uses: Ledger, watch: Stopwatch) -> None:
        """Name in the manifest what is there, and note what it took."""
        folder, earlier = self.settings.folder, Manifest(self.settings.evaluate, ())
        try:
            manifest = read_manifest(folder)
            earlier = manifest if manifest.evaluate == self.settings.evaluate else earlier
        except DataError:
            pass  # a new folder
        names = (cells.merged(list(earlier.cells)), uses.merged(list(earlier.uses)))
        write_manifest(folder, self.settings.evaluate, *names)
        if cells.computed or uses.computed or not (folder / "environment.json").exists():
            workers = self.settings.processes
            write_environment(folder, environment(folder, workers=workers, wall_seconds=watch.lap()))

    def _keep_trace(self, title: str, trace: str) -> None:
        if trace:
            self.home.logs.mkdir(parents=True, exist_ok=True)
            path = self.home.logs / f"benchmark-{title.replace(' ', '-').replace('/', '-')}.log"
            path.write_text(trace, encoding="utf-8")
            logger.info("the traceback of %s is in %s", title, path)


def _id(call: Call) -> CellId:
    return call.dataset, call.question, call.what, call.seed
