"""Several runs of one command (``-m``) under one parent; finished jobs are not run twice, failed ones passed over.

Hydra's basic sweeper makes the jobs and runs them one after another in this process.
"""

import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from prefect import flow

from flows.display import show_configuration
from flows.orchestration import prefect_server
from flows.outcomes import show_sweep
from flows.terminal import configure_terminal, describe
from flows.watch import after_crash
from tasks.config import RunConfig, load_config
from tasks.errors import ColdcartError, ConfigError
from tasks.runs import CodeState, Home, Run, code_state, open_run
from tasks.runs.key import digest_of
from tasks.stages.dead_runs import fail_tracked
from tasks.sweeps.child import Child, finished_run, run_of, tags_of
from tasks.sweeps.labels import label_of, varying
from tasks.sweeps.parent import Standing, start_parent
from tasks.sweeps.records import Records, TrialState
from tasks.sweeps.settings import METRIC
from tasks.sweeps.units import result_of
from tasks.tracking import TrackedRun

logger = logging.getLogger(__name__)

MULTIRUN = frozenset({"-m", "--multirun"})
_FAILED = 1
Job = Mapping[str, str]
"""Overrides of a job: keys to values, as typed."""
Train = Callable[[RunConfig, Child], dict[str, Any]]

_current: "list[Jobs]" = []
"""The jobs of this process; Hydra calls back without telling of whom."""


def current_jobs() -> "Jobs | None":
    """The jobs that are being run; None for a single run, or where another launcher took the job elsewhere."""
    return _current[-1] if _current else None


@contextlib.contextmanager
def several_jobs(arguments: Sequence[str]) -> Iterator[None]:
    """Around a command: with ``-m`` its jobs get a parent, and a table at the end; without, nothing.

    Args:
        arguments: As typed.

    Raises:
        SystemExit: A job failed (1), after all of them were tried.
    """
    flags = {text for text in arguments if text.startswith("-")}
    typed = [text for text in arguments if not text.startswith("-")]
    elsewhere = any(text.startswith(("hydra/sweeper", "hydra/launcher")) for text in typed)
    if elsewhere or not flags or not flags <= MULTIRUN:
        yield
        return
    configure_terminal()
    jobs = expand(typed)
    home, code = Home.current(), code_state()
    config = load_config([f"{key}={value}" for key, value in jobs[0].items()])
    key = digest_of({"jobs": [dict(job) for job in jobs], "code": code.version})

    with (
        open_run(home, key, name="multirun", resume=config.resume, on_stale=partial(fail_tracked, home)) as run,
        _start_parent(config, home, run, code, jobs) as parent,
        prefect_server(),
    ):
        _current.append(Jobs(jobs, home, run, parent, config))
        try:
            yield
        finally:
            done = _current.pop()
        failed = done.show()
    if failed:
        raise SystemExit(_FAILED)


def expand(typed: Sequence[str]) -> list[Job]:
    """The jobs of a command, in Hydra's order: the last key varies fastest.

    Args:
        typed: Overrides; a value with commas stands for several.

    Raises:
        ConfigError: A sweep that cannot be written out beforehand.
    """
    values: dict[str, list[str]] = {}
    for override in OverridesParser.create().parse_overrides(list(typed)):
        key = override.get_key_element()
        if not override.is_sweep_override():
            values[key] = [override.get_value_element_as_str()]
            continue
        try:
            values[key] = [str(value) for value in override.sweep_string_iterator()]
        except Exception as error:
            raise ConfigError(f"{key}: with -m expected values with commas between, such as {key}=a,b") from error
    return [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]


def _start_parent(config: RunConfig, home: Home, run: Run, code: CodeState, jobs: Sequence[Job]) -> TrackedRun:
    names = varying(jobs)
    space = {name: ",".join(dict.fromkeys(job[name] for job in jobs)) for name in names}
    return start_parent(
        config,
        home,
        run,
        code,
        name=f"multirun {label_of(space)}",
        experiment=_experiment(config, jobs),
        space=space,
        tags={"sweep": "multirun"},
    )


def _experiment(config: RunConfig, jobs: Sequence[Job]) -> str:
    """One for all: children elsewhere are not shown below their parent."""
    datasets = {job["dataset"] for job in jobs if "dataset" in job}
    return config.tracking.experiment_name("sweeps" if len(datasets) > 1 else config.names["dataset"])


class Jobs:
    """The jobs of one command.

    Args:
        jobs: Overrides of each.
        home: Where runs live.
        run: The run of the whole, locked.
        parent: Its MLflow run.
        config: Of the first job.

    """

    def __init__(self, jobs: Sequence[Job], home: Home, run: Run, parent: TrackedRun, config: RunConfig) -> None:
        from tasks.stages.fit import monitored

        self._jobs, self._home, self._run, self._parent = jobs, home, run, parent
        self._names, self._experiment = varying(jobs), _experiment(config, jobs)
        self._records = Records(run)
        objective = monitored(config, config.question or config.dataset.questions[0])
        title = f"{len(jobs)} runs, {config.names['dataset']}"
        self._standing = Standing(run, parent, self._records, "maximize", title, objective)

    def run(self, number: int, overrides: Sequence[str], train: Train) -> float | None:
        """Run one job, unless it is finished; a failed one is said and passed over.

        Args:
            number: Of the job.
            overrides: Hydra's, of this job.
            train: Trains a configuration as somebody's child.

        Returns:
            The figure that is compared.
        """
        values = {name: self._jobs[number][name] for name in self._names}
        label, started = label_of(values), time.monotonic()
        record = self._records.begin(number, values)
        if record.finished:
            logger.info("job %d of %d is done already: %s", number + 1, len(self._jobs), label)
            return record.value
        child = Child(
            sweep_id=self._run.id,
            number=number,
            name=label,
            experiment=self._experiment,
            parent_run_id=self._parent.id,
            tags={"sweep": "multirun", **tags_of(values)},
        )
        logger.info("job %d of %d: %s", number + 1, len(self._jobs), label)

        @flow(name="train", flow_run_name=lambda: f"train {label}", on_crashed=[after_crash])
        def job(overrides: list[str]) -> dict[str, Any]:
            """One training run of several; see flows.train for its settings."""
            config = load_config(overrides)
            if number == 0:
                show_configuration(config)
            return train(config, child)

        try:
            summary = finished_run(self._home, self._run.id, number) or job(list(overrides))
            result = result_of(summary, METRIC)
        except Exception as error:
            self._fail(number, error, time.monotonic() - started)
            return None
        self._standing.objective = result.objective
        self._records.finish(
            number,
            TrialState.COMPLETE,
            value=result.value,
            run_id=summary["run_id"],
            mlflow_run_id=summary["mlflow_run_id"],
            seconds=time.monotonic() - started,
        )
        self._standing.update()
        logger.info("job %d of %d: %s: %.4f", number + 1, len(self._jobs), label, result.value)
        return result.value

    def _fail(self, number: int, error: Exception, seconds: float) -> None:
        reason = describe(error)
        state = run_of(self._home, self._run.id, number)
        where = {"run_id": state.id, "mlflow_run_id": state.mlflow_run_id} if state else {}
        self._records.finish(number, TrialState.FAIL, reason=reason, seconds=seconds, **where)
        self._standing.update()
        # Everybody's own mistakes are one line; it is said when it happens, not when the last job has ended.
        logger.log(
            logging.ERROR if not isinstance(error, ColdcartError) else logging.WARNING,
            "job %d of %d failed, going on without it: %s",
            number + 1,
            len(self._jobs),
            reason,
        )

    def show(self) -> int:
        """Print the table; returns the number of jobs that failed."""
        self._standing.update()
        show_sweep(self._standing.summary())
        return self._records.counts()[TrialState.FAIL.value]
