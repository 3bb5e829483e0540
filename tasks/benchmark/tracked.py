"""A benchmark in MLflow: one run, and a child of it per computed cell."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tasks.benchmark.settings import BenchmarkSettings
from tasks.benchmark.units import CellDone
from tasks.errors import TrackingError
from tasks.runs import CodeState, Home, open_run
from tasks.runs.key import digest_of
from tasks.stages.dead_runs import fail_tracked, write_tracking
from tasks.tracking import TrackedRun, Untracked, start_run

logger = logging.getLogger(__name__)

EXPERIMENT = "coldcart/benchmark"


class TrackedCells:
    """Logs finished cells under a run; thread-safe. A store that stops answering is said once and then left alone.

    Args:
        settings: What is asked for.
        home: Where the default store lives.
        code: State of the code.
        parent: The run of the benchmark.

    """

    def __init__(self, settings: BenchmarkSettings, home: Home, code: CodeState, parent: TrackedRun) -> None:
        self._settings, self._home, self._code, self._parent = settings, home, code, parent
        self._lock = threading.Lock()
        self._lost = False

    def log(self, done: CellDone) -> None:
        """A child with the cell's parameters and headline figures."""
        with self._lock:
            if self._lost or self._parent.id is None:
                return
            try:
                self._log(done)
            except TrackingError as error:
                self._lost = True
                logger.warning("%s; going on without tracking", error)

    def _log(self, done: CellDone) -> None:
        call, evaluate = done.call, self._settings.evaluate
        part = "test" if evaluate == "test" else "val"
        own = {"dataset": call.dataset, "question": call.question, "method": call.method, "seed": str(call.seed)}
        tags = own | {"stage": "benchmark", "role": call.role, "evaluate": evaluate, "digest": call.digest}
        tags |= {"use": call.use} if call.use else {}
        name = f"{call.dataset} {call.question} {call.what} {call.seed}"
        experiment = self._settings.tracking.experiment or EXPERIMENT
        with start_run(
            self._settings.tracking,
            self._home,
            name=name,
            experiment=experiment,
            tags=tags,
            parent_run_id=self._parent.id,
        ) as run:
            run.log_parameters({**own, "trials": call.trials, "settings": call.settings})
            figures = {f"{part}/{call.question}/{call.what}/{key}": value for key, value in done.headline.items()}
            run.log_metrics(figures | {"seconds": done.seconds})


@contextmanager
def tracked_benchmark(settings: BenchmarkSettings, home: Home, code: CodeState, name: str) -> Iterator[TrackedRun]:
    """The MLflow run of a benchmark; should this process be killed, the next start of any run marks it FAILED.

    Args:
        settings: What is asked for.
        home: Where the default store and the record of who works on the run live.
        code: State of the code.
        name: Of the run.

    Raises:
        TrackingError: The store does not answer.

    """
    if not settings.tracking.enabled:
        yield Untracked()
        return
    # What is computed already is told by the results themselves: every start is a run of its own.
    key = digest_of({"benchmark": name, "start": uuid.uuid4().hex})
    with open_run(home, key, name="benchmark", resume=False, on_stale=partial(fail_tracked, home)) as run:
        write_tracking(run.folder, settings.tracking)
        with _start_parent(settings, home, code, name) as parent:
            run.set_mlflow_run(parent.id)
            parent.watch_machine()
            yield parent


def _start_parent(settings: BenchmarkSettings, home: Home, code: CodeState, name: str) -> TrackedRun:
    tags = {
        "stage": "benchmark",
        "evaluate": settings.evaluate,
        "git_commit": code.commit or "",
        "dirty": str(code.dirty).lower(),
        "code_version": code.version,
    }
    experiment = settings.tracking.experiment or EXPERIMENT
    return start_run(settings.tracking, home, name=name, experiment=experiment, tags=tags)
