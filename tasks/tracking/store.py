"""The connection to MLflow: quiet, without telemetry, safe to set up twice at once."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock

from tasks.addresses import address, carries_password, without_secrets
from tasks.errors import TrackingError
from tasks.runs.home import Home
from tasks.tracking.settings import TrackingSettings

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = re.compile(r"^(sqlite|postgresql|mysql|mssql)(\+\w+)?:")
"""Stores that are opened by this process; there artifacts go below ``COLDCART_HOME``."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open tracking store.

    Attributes:
        client: The client of tracking store and registry.
        uri: Address of the tracking store, passwords included: do not log.
        registry_uri: Address of the registry.
        artifact_root: URI below which new experiments keep their artifacts; None leaves it to the server.

    """

    client: "MlflowClient"
    uri: str
    registry_uri: str
    artifact_root: str | None

    @property
    def address(self) -> str:
        """``uri`` without user and password, for messages."""
        return address(self.uri)

    def words(self, error: Exception) -> str:
        """What MLflow says went wrong, on one line and without a password."""
        return _reason(error, self.uri, self.registry_uri)

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Turn MLflow's errors into one that names the store and the reason."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            raise TrackingError(f"MLflow at {self.address}: {self.words(error)}") from _cause(
                error, self.uri, self.registry_uri
            )

    def experiment_id(self, name: str) -> str:
        """Id of the experiment, made when there is none.

        Raises:
            TrackingError: It was deleted, or the store does not answer.
        """
        from mlflow.exceptions import MlflowException

        with self.named_errors():
            found = self.client.get_experiment_by_name(name)
            if found is None:
                location = f"{self.artifact_root}/{re.sub(r'[^A-Za-z0-9._-]+', '_', name)}"
                try:
                    return str(
                        self.client.create_experiment(name, artifact_location=location if self.artifact_root else None)
                    )
                except MlflowException:
                    # Another process was faster, or the error comes again.
                    found = self.client.get_experiment_by_name(name)
                    if found is None:
                        raise
        if found.lifecycle_stage != "active":
            raise TrackingError(
                f"MLflow at {self.address}: experiment {name!r} is deleted. Restore it "
                f"(mlflow experiments restore --experiment-id {found.experiment_id}) or choose another with "
                "tracking.experiment=…"
            )
        return str(found.experiment_id)


def connect(settings: TrackingSettings, home: Home) -> Store:
    """Open the tracking store; on a new SQLite database this makes its tables (a few seconds, once).

    Raises:
        TrackingError: The store does not answer, or its address cannot be used.
    """
    _keep_quiet()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    _silence_loggers()
    uri, registry_uri = settings.tracking_uri(home), settings.model_registry_uri(home)
    local = bool(DATABASE.match(uri))
    home.locks.mkdir(parents=True, exist_ok=True)
    artifact_root = home.artifacts.as_uri() if local else None
    # MLflow does not guard its first set-up: two processes on one new database would both make the tables.
    with FileLock(home.locks / "mlflow.guard", timeout=300):
        try:
            store = Store(MlflowClient(uri, registry_uri), uri, registry_uri, artifact_root)
            store.client.search_experiments(max_results=1)
        except (MlflowException, SQLAlchemyError, ImportError) as error:
            raise TrackingError(
                f"tracking.uri: MLflow at {address(uri)} cannot be used: {_reason(error, uri, registry_uri)}. "
                "Start or repair it, choose another with tracking.uri=…, or run with tracking=off."
            ) from _cause(error, uri, registry_uri)
    return store


def _keep_quiet() -> None:
    """Must come before mlflow is imported."""
    for name, value in {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",
    }.items():
        os.environ.setdefault(name, value)


def _silence_loggers() -> None:
    """By name: progress of migrations, and tracebacks of errors that are raised as well."""
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _reason(error: Exception, *uris: str) -> str:
    """MLflow's own words on one line; of a database error the part that says why."""
    text = " ".join(str(error).partition("\n[SQL:")[0].split())
    for uri in uris:
        text = without_secrets(text, uri)
    return text[:400].rstrip(".")


def _cause(error: Exception, *uris: str) -> Exception | None:
    """The error for the traceback, unless it may quote a password: Prefect keeps tracebacks."""
    return None if any(carries_password(uri) for uri in uris) else error
