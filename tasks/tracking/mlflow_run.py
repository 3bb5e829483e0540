"""A run in MLflow: started, or gone on with by its id."""

import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tasks.runs.home import Home
from tasks.runs.state import RunStatus
from tasks.tracking.datasets import LoggedDataset
from tasks.tracking.packaging import MODEL_FOLDER, package
from tasks.tracking.run import TrackedRun, Untracked, check_names
from tasks.tracking.server import TRAINING_PAGES
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.store import Store, connect
from tasks.tracking.tags import flat_parameters
from tasks.tracking.views import view_of

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
    from pytorch_lightning.loggers import Logger

logger = logging.getLogger(__name__)

FAILURE = "failure"
"""Tag with one line on why a run stopped."""


class MlflowRun(TrackedRun):
    """A run in an MLflow store; made by ``start_run``."""

    def __init__(self, store: Store, run_id: str, experiment_id: str, *, system_metrics: bool = False) -> None:
        self.id: str = run_id
        self.store = store
        self.experiment_id = experiment_id
        self.system_metrics = system_metrics
        self._monitor: SystemMetricsMonitor | None = None

    @override
    def log_parameters(self, config: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        with self.store.named_errors():
            # MLflow refuses to change a parameter. A resumed run may sit on another device; the first value stays.
            known = self.store.client.get_run(self.id).data.params
            new = [Param(name, value) for name, value in flat_parameters(config).items() if name not in known]
            for some in _chunks(new, 100):
                self.store.client.log_batch(self.id, params=some)

    @override
    def set_tags(self, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        with self.store.named_errors():
            for some in _chunks([RunTag(name, value) for name, value in tags.items()], 100):
                self.store.client.log_batch(self.id, tags=some)

    @override
    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        from mlflow.entities import Metric

        check_names(metrics)
        now = _milliseconds()
        entries = [Metric(name, float(value), now, step) for name, value in metrics.items()]
        with self.store.named_errors():
            for some in _chunks(entries, 1000):
                self.store.client.log_batch(self.id, metrics=some)

    @override
    def log_file(self, path: Path, folder: str | None = None) -> None:
        with self.store.named_errors():
            self.store.client.log_artifact(self.id, str(path), folder)

    @override
    def log_folder(self, path: Path, folder: str) -> None:
        with self.store.named_errors():
            self.store.client.log_artifacts(self.id, str(path), folder)

    @override
    def log_model(self, folder: Path) -> None:
        # Beside the model, where there is room for it, and where it goes with the run should this process be killed.
        with tempfile.TemporaryDirectory(prefix=".mlflow-", dir=folder.parent) as temporary:
            with self.store.named_errors():
                packed = package(folder, Path(temporary) / MODEL_FOLDER)
            self.log_folder(packed, MODEL_FOLDER)

    @override
    def log_text(self, text: str, name: str) -> None:
        with self.store.named_errors():
            self.store.client.log_text(self.id, text, name)

    @override
    def log_datasets(self, datasets: Sequence[LoggedDataset]) -> None:
        with self.store.named_errors():
            self.store.client.log_inputs(self.id, [dataset.to_input() for dataset in datasets])

    @override
    def offer_view(self, metrics: Sequence[str]) -> None:
        with self.store.named_errors():
            before = self.store.client.get_experiment(self.experiment_id).tags
            for tag, value in view_of(metrics, before).items():
                self.store.client.set_experiment_tag(self.experiment_id, tag, value)

    @override
    def watch_machine(self) -> None:
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        if not self.system_metrics or self._monitor is not None:
            return
        # Every figure is a row in the store: three samples make one.
        self._monitor = SystemMetricsMonitor(
            self.id, sampling_interval=10, samples_before_logging=3, resume_logging=True, tracking_uri=self.store.uri
        )
        self._monitor.start()

    @override
    def epoch_logger(self) -> "Logger | None":
        from tasks.tracking.epoch_logger import EpochLogger

        return EpochLogger(self)

    @override
    def link(self, ui: str | None = None, file: str | None = None) -> str | None:
        base = ui or (self.store.address if self.store.uri.startswith("http") else None)
        if base is None:
            return None
        shown = f"runs/{self.id}/artifacts/{file}" if file else f"runs/{self.id}"
        return f"{base.rstrip('/')}/#/experiments/{self.experiment_id}/{shown}{TRAINING_PAGES}"

    @override
    def close(self, status: RunStatus, failure: str | None = None) -> None:
        if self._monitor is not None:
            self._monitor.finish()
            self._monitor = None
        if failure is not None:
            self.set_tags({FAILURE: failure})
        with self.store.named_errors():
            self.store.client.set_terminated(self.id, status=status.value)


def start_run(
    settings: TrackingSettings,
    home: Home,
    *,
    name: str,
    experiment: str,
    tags: Mapping[str, str],
    run_id: str | None = None,
    parent_run_id: str | None = None,
) -> TrackedRun:
    """Start an MLflow run, or go on with the one named.

    Args:
        settings: Where to.
        home: Where the default store lives.
        name: Shown in lists of runs, for example ``ta_feng-conditional-relativistic-seed0``.
        experiment: Made when there is none.
        tags: As ``run_tags`` gives them.
        run_id: The run to go on with. Where this store does not know it, a new one is started and this is logged.
        parent_run_id: The run to show this one under.

    Raises:
        TrackingError: The store does not answer, or the experiment was deleted.
    """
    if not settings.enabled:
        return Untracked()
    store = connect(settings, home)
    tags = dict(tags) | ({"mlflow.parentRunId": parent_run_id} if parent_run_id else {})
    if run_id is not None:
        resumed = _go_on(store, run_id, name, tags, settings.system_metrics)
        if resumed is not None:
            return resumed
        logger.warning("MLflow at %s does not have run %s; starting a new one.", store.address, run_id)
    experiment_id = store.experiment_id(experiment)
    with store.named_errors():
        run = store.client.create_run(experiment_id, start_time=_milliseconds(), tags=tags, run_name=name)
    return MlflowRun(store, run.info.run_id, experiment_id, system_metrics=settings.system_metrics)


def _go_on(store: Store, run_id: str, name: str, tags: Mapping[str, str], system_metrics: bool) -> MlflowRun | None:
    from mlflow.exceptions import MlflowException

    try:
        found = store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        with store.named_errors():
            raise
    if found.info.lifecycle_stage != "active":
        return None
    run = MlflowRun(store, run_id, found.info.experiment_id, system_metrics=system_metrics)
    with store.named_errors():
        store.client.update_run(run_id, status=RunStatus.RUNNING.value, name=name)
        if FAILURE in found.data.tags:
            store.client.delete_tag(run_id, FAILURE)
    run.set_tags(tags)
    return run


def fail_run(settings: TrackingSettings, home: Home, run_id: str, failure: str) -> None:
    """Mark a run FAILED whose process is gone; does nothing when it has another end, or is not in this store.

    Raises:
        TrackingError: The store does not answer.
    """
    if not settings.enabled:
        return
    from mlflow.exceptions import MlflowException

    store = connect(settings, home)
    try:
        found = store.client.get_run(run_id)
    except MlflowException:
        return
    if found.info.status == RunStatus.RUNNING.value:
        MlflowRun(store, run_id, found.info.experiment_id).close(RunStatus.FAILED, failure)


def _chunks(entries: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
