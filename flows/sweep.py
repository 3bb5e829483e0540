"""Sweep: many runs under one parent, chosen by Optuna or a grid, judged by validation users, side by side.

python -m flows.sweep +sweep=losses dataset=ml_100k trainer.max_epochs=5
python -m flows.sweep +sweep=losses sweep.trials=10 sweep.workers=1
python -m flows.sweep +sweep=losses --cfg job    # print the space and the configuration, run nothing

The same command goes on with a sweep that was stopped.
"""

import logging
import shlex
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from prefect import flow
from prefect.runtime import flow_run

from flows.arguments import start
from flows.artifacts import publish_mlflow, publish_trials
from flows.orchestration import prefect_server
from flows.outcomes import show_sweep
from flows.progress import progress
from flows.steps import step
from flows.terminal import configure_terminal, one_error
from flows.train import obtain
from flows.watch import after_crash, watched
from flows.workers import TrialProcess
from tasks.benchmark.board import Board, Entry
from tasks.benchmark.crew import Crew, UnitFailedError
from tasks.benchmark.settings import cores
from tasks.benchmark.workers import WorkerDiedError, WorkerProcess
from tasks.errors import TrainingError
from tasks.overrides import CONF_DIR
from tasks.runs import CodeState, Home, Run, code_state, open_run
from tasks.stages.dead_runs import fail_tracked
from tasks.sweeps.child import finished_run, run_of, tags_of
from tasks.sweeps.labels import label_of
from tasks.sweeps.parent import Standing, ended_badly, start_parent
from tasks.sweeps.plan import SweepPlan, plan_sweep, sweep_name
from tasks.sweeps.records import Records, TrialRecord, TrialState
from tasks.sweeps.search import Search
from tasks.sweeps.settings import worker_count
from tasks.sweeps.units import EpochFigure, TrialResult, TrialUnit, Verdict, result_of
from tasks.tracking import TrackedRun

# Run as a module its name is __main__, whose records no run's page shows.
logger = logging.getLogger("flows.sweep")

HELP = frozenset({"--help", "-h"})


def run_name() -> str:
    """A name a person can read, from the parameters of the flow run."""
    parameters = flow_run.parameters
    return " ".join(["sweep", str(parameters.get("name", "")), *map(str, parameters.get("overrides") or [])])


@flow(name="sweep", flow_run_name=run_name, on_crashed=[after_crash])
def sweep(name: str, overrides: list[str] = []) -> dict[str, Any]:  # noqa: B006 - only read; a union would spoil the form
    """Try settings of a search space and tell which serve validation users best; one that was stopped goes on.

    Args:
        name: The search space, a file in conf/sweep.
        overrides: Settings of the runs, for example dataset=ml_100k, and of the sweep, for example sweep.trials=10.

    Returns:
        The best trial, the table of all, and where to look.
    """
    return sweep_with(plan_sweep(name, overrides))


def sweep_with(plan: SweepPlan) -> dict[str, Any]:
    """Run what is missing of a sweep."""
    raw, problem = obtain(plan.config)
    if raw is None:
        raise problem or AssertionError
    home, code = Home.current(), code_state()
    key = plan.key([file.sha256 for file in raw.files], code.version)
    with (
        watched(home),
        open_run(
            home,
            key,
            name=f"sweep-{plan.name}",
            resume=plan.config.resume,
            on_stale=partial(fail_tracked, home),
        ) as run,
        _start_parent(plan, home, run, code) as parent,
        progress("sweep", "sweep") as shown,
    ):
        publish_mlflow(parent, home, holds="The trials, each a run below this one, and a plot of them")
        summary = Sweep(plan, home, run, parent, shown).run_all()
        publish_trials(summary)
        return summary


def _start_parent(plan: SweepPlan, home: Home, run: Run, code: CodeState) -> TrackedRun:
    return start_parent(
        plan.config,
        home,
        run,
        code,
        name=f"sweep {plan.name}",
        experiment=plan.experiment,
        space=plan.settings.space,
        tags={"sweep": plan.name, "direction": plan.settings.direction, "sampler": plan.settings.sampler},
    )


class Sweep:
    """A sweep at work.

    Args:
        plan: What is asked for.
        home: Where runs live.
        run: The sweep's own run, locked.
        parent: Its MLflow run.
        shown: Told how far it is, 0 … 1 and in words.

    """

    def __init__(
        self, plan: SweepPlan, home: Home, run: Run, parent: TrackedRun, shown: Callable[[float, str], None]
    ) -> None:
        self._plan, self._home, self._run, self._parent, self._shown = plan, home, run, parent, shown
        self._records = Records(run)
        self._search = Search(plan.settings, plan.dimensions, self._records, plan.start)
        self._direction = plan.settings.direction
        title = f"Sweep {plan.name}, {plan.config.names['dataset']}"
        objective = plan.settings.objective_name(plan.config, plan.config.question or plan.config.dataset.questions[0])
        self._standing = Standing(run, parent, self._records, self._direction, title, objective)

    def run_all(self) -> dict[str, Any]:
        """Run the trials that are not finished.

        Raises:
            TrainingError: None of all trials gave a figure.

        """
        workers = worker_count(self._plan.settings, self._plan.config, cores())
        done = sum(record.finished for record in self._records.all())
        logger.info("%d trials, %d finished before, %d side by side", self._search.trials, done, workers)
        crew = Crew(workers, max(1, cores() // workers), step, TrialProcess)
        try:
            entries = [Entry(number, self._next) for number in range(self._search.trials)]
            crew.do(Board(entries, float("inf")), self._work)
        finally:
            crew.close()
        self._standing.update()
        reason = ended_badly(self._records)
        if reason is not None:
            raise TrainingError(reason)
        summary = self._standing.summary()
        again = [text for text in self._plan.overrides(summary["best"]) if not text.startswith("refit=")]
        return {**summary, "next": f"python -m flows.train {shlex.join(again)}"}

    def _next(self) -> TrialUnit | None:
        """The next trial as a unit; those whose run finished before the sweep could write it down are written down."""
        while (record := self._search.take()) is not None:
            summary = finished_run(self._home, self._run.id, record.number)
            if summary is None:
                return self._unit(record)
            self._finish(record, result_of(summary, self._plan.settings.metric), 0.0)
        return None

    def _unit(self, record: TrialRecord) -> TrialUnit:
        return TrialUnit(
            sweep_id=self._run.id,
            number=record.number,
            title=label_of(record.values),
            overrides=self._plan.overrides(record.values),
            experiment=self._plan.experiment,
            parent_run_id=self._parent.id,
            metric=self._plan.settings.metric,
            tags={"sweep": self._plan.name, **tags_of(record.values)},
        )

    def _run_of(self, number: int) -> dict[str, Any]:
        """Where a trial's run is, also of one that failed or was stopped."""
        state = run_of(self._home, self._run.id, number)
        return {"run_id": state.id, "mlflow_run_id": state.mlflow_run_id} if state else {}

    def _work(self, worker: WorkerProcess, entry: Entry, unit: TrialUnit) -> None:
        record, started = self._records.find(unit.number), time.monotonic()
        assert record is not None

        def listen(message: EpochFigure) -> Verdict:
            return Verdict(self._search.report(unit.number, message.epoch, message.value))

        try:
            finished = worker.run(unit, listen)  # type: ignore[arg-type]
            reason, result = finished.reason, finished.result
        except WorkerDiedError as error:
            if isinstance(worker, TrialProcess) and worker.ended_by_us:
                raise
            reason, result = str(error), None
        took = time.monotonic() - started
        if reason is not None:
            self._search.finish(unit.number, TrialState.FAIL, reason=reason, seconds=took, **self._run_of(unit.number))
            logger.warning("trial %d failed, going on without it: %s: %s", unit.number, unit.title, reason)
            self._update()
            raise UnitFailedError(reason)
        self._finish(record, result, took)

    def _finish(self, record: TrialRecord, result: TrialResult, seconds: float) -> None:
        state = TrialState.PRUNED if result.stopped else TrialState.COMPLETE
        self._search.finish(
            record.number,
            state,
            result.value,
            reason=result.stopped,
            seconds=seconds,
            **self._run_of(record.number),
        )
        self._standing.objective = result.objective or self._standing.objective
        self._update()
        best = self._records.best(self._direction)
        said = f"{result.value:.4f}" if result.value is not None else "stopped early"
        logger.info(
            "trial %d: %s: %s%s",
            record.number,
            label_of(record.values),
            said,
            f" (best {best.value:.4f})" if best is not None and best.value is not None else "",
        )

    def _update(self) -> None:
        self._standing.update()
        ended, trials = sum(record.finished for record in self._records.all()), self._search.trials
        self._shown(ended / trials, f"{ended} of {trials} trials")


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="config")
@one_error
def run(_: object) -> None:
    """One sweep from the command line."""
    configure_terminal()
    name, overrides = sweep_name(list(HydraConfig.get().overrides.task))
    # What can be wrong with the space is said before a server starts.
    plan_sweep(name, overrides)
    with prefect_server():
        show_sweep(sweep(name, overrides))


def main() -> None:
    """What is typed; it is composed as a training run is, but has a help of its own."""
    if HELP.intersection(sys.argv):
        sys.argv.append("hydra/help=sweep")
    run()


if __name__ == "__main__":
    start(main)
