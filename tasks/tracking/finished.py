"""What a finished run left in MLflow, brought to this machine."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import ModelError
from tasks.runs.home import Home
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.store import connect


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run in MLflow.

    Attributes:
        id: 32 hex digits.
        name: As lists of runs show it.
        status: ``FINISHED``, ``RUNNING``, ``FAILED`` or ``KILLED``.
        tags: Its tags.
        files: Local files by the names asked for; those it does not have are missing.

    """

    id: str
    name: str
    status: str
    tags: Mapping[str, str]
    files: Mapping[str, Path] = field(default_factory=dict)


def fetch_run(run_id: str, names: Sequence[str], settings: TrackingSettings, home: Home, target: Path) -> FinishedRun:
    """A run and some of its artifacts.

    Args:
        run_id: 32 hex digits.
        names: Artifacts, for example ``summary.json``.
        settings: Where the tracking store is.
        home: Where the default store lives.
        target: An empty folder for copies.

    Raises:
        ModelError: There is no such run.
        TrackingError: The store does not answer.

    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    store = connect(settings, home)
    with store.named_errors():
        try:
            run = store.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise ModelError(f"MLflow at {store.address} has no run {run_id}") from None
    files: dict[str, Path] = {}
    for name in names:
        try:
            found = download_artifacts(
                artifact_uri=f"{run.info.artifact_uri}/{name}", dst_path=str(target), tracking_uri=store.uri
            )
        except (MlflowException, OSError):
            continue
        # Artifacts of several runs have the same names.
        kept = target / run_id / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, kept)
        files[name] = kept
    return FinishedRun(run_id, str(run.info.run_name), str(run.info.status), dict(run.data.tags), files)
