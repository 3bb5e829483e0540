"""From what a user types to a folder with a model: run folder, MLflow run id, or registry entry."""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tasks.errors import ModelError
from tasks.runs.home import Home
from tasks.runs.state import RunState, RunStatus
from tasks.tracking.packaging import MODEL_FOLDER, data_folder
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.store import Store, connect

RUN_ID = re.compile(r"^[0-9a-f]{32}$")
REGISTRY = re.compile(r"^models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+|latest))$")
FORMS = "a run folder, an MLflow run id, or models:/<name>@<alias> or models:/<name>/<version>"


def resolve_model(reference: str, settings: TrackingSettings, home: Home) -> Path:
    """The local ``model/`` folder behind a reference; from a remote store it is downloaded below ``COLDCART_HOME``.

    Args:
        reference: A run folder (or the name of one below ``runs/``), an MLflow run id, ``models:/name@alias``
            or ``models:/name/version``.
        settings: Where the tracking store and the registry are.
        home: Where runs and downloads live.

    Raises:
        ModelError: There is no such model (says what there is).
        TrackingError: The store does not answer.
    """
    for folder in (Path(reference).expanduser(), home.runs / reference):
        if reference and folder.is_dir():
            return _in_run_folder(folder.resolve())
    if RUN_ID.match(reference):
        return _of_run(reference, connect(settings, home), home)
    match = REGISTRY.match(reference)
    if match:
        return _of_registry(match["name"], match["alias"], match["version"], connect(settings, home), home)
    raise ModelError(f"model={reference!r}: expected {FORMS}; there is no folder {Path(reference).absolute()}")


def _in_run_folder(folder: Path) -> Path:
    for model in (data_folder(folder), data_folder(folder / MODEL_FOLDER)):
        if model.name == MODEL_FOLDER and model.is_dir() and any(model.iterdir()):
            return model
    try:
        state = RunState.read(folder)
    except (OSError, ValueError):
        raise ModelError(f"{folder} is no run folder: it has no {MODEL_FOLDER}/ in it. Expected {FORMS}.") from None
    why = f" ({state.failure})" if state.failure else ""
    raise ModelError(
        f"run {state.id} has no model yet: it is {state.status}{why}. Start the same command again to finish it."
    )


def _of_run(run_id: str, store: Store, home: Home) -> Path:
    from mlflow.exceptions import MlflowException

    with store.named_errors():
        try:
            info = store.client.get_run(run_id).info
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise ModelError(f"MLflow at {store.address} has no run {run_id}") from None
        if not store.client.list_artifacts(run_id, MODEL_FOLDER):
            raise ModelError(
                f"MLflow run {run_id} ({info.status}) has no {MODEL_FOLDER}/ folder: it ended before its model was made"
            )
    keep = run_id if info.status == RunStatus.FINISHED.value else None
    return data_folder(_fetch(f"{info.artifact_uri}/{MODEL_FOLDER}", keep, store, home))


def _of_registry(name: str, alias: str | None, version: str | None, store: Store, home: Home) -> Path:
    from mlflow.exceptions import MlflowException

    with store.named_errors():
        try:
            model = store.client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            names = sorted(found.name for found in store.client.search_registered_models())
            raise ModelError(
                f"no model is registered as {name!r} in MLflow at {store.address}; registered: "
                f"{', '.join(names) or 'none (register=true does it)'}"
            ) from None
        aliases = {str(key): str(value) for key, value in model.aliases.items()}
        found = _version(store, name, aliases, alias, version)
        source = store.client.get_model_version_download_uri(name, found)
    return data_folder(_fetch(source, f"{name}-{found}", store, home))


def _version(store: Store, name: str, aliases: dict[str, str], alias: str | None, version: str | None) -> str:
    if alias is not None:
        if alias not in aliases:
            raise ModelError(f"models:/{name} has no alias {alias!r}; it has {', '.join(sorted(aliases)) or 'none'}")
        return aliases[alias]
    versions: list[Any] = store.client.search_model_versions(f"name='{name}'")
    numbers = sorted(int(found.version) for found in versions)
    if version == "latest" and numbers:
        return str(numbers[-1])
    if version is None or int(version) not in numbers:
        raise ModelError(f"models:/{name} has no version {version}; it has {', '.join(map(str, numbers)) or 'none'}")
    return version


def _fetch(uri: str, keep: str | None, store: Store, home: Home) -> Path:
    """The folder behind an artifact URI: itself where it is local, else a copy, kept under ``keep`` once whole."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from mlflow.utils.file_utils import local_file_uri_to_path

    if uri.startswith(("/", "file:")):
        folder = Path(local_file_uri_to_path(uri))
        if not folder.is_dir():
            raise ModelError(f"the artifacts of this model are gone: there is no folder {folder}")
        return folder
    kept = home.downloads / re.sub(r"[^A-Za-z0-9._-]+", "_", keep) / MODEL_FOLDER if keep else None
    if kept is not None and kept.is_dir():
        return kept
    home.downloads.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="download-", dir=home.downloads))
    try:
        found = Path(download_artifacts(artifact_uri=uri, dst_path=str(target), tracking_uri=store.uri))
    except (MlflowException, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ModelError(f"the artifacts at {uri} cannot be read: {store.words(error)}") from None
    if kept is None:
        return found
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        found.rename(kept)
    except OSError:
        # Another process fetched the same model in the meantime, and moved its whole copy there first.
        if not kept.is_dir():
            raise
    shutil.rmtree(target, ignore_errors=True)
    return kept
