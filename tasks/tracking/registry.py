"""The model registry: a version is what a run logged as ``model/``."""

import logging
from dataclasses import dataclass

from tasks.errors import ModelError
from tasks.tracking.mlflow_run import MlflowRun
from tasks.tracking.packaging import MODEL_FOLDER
from tasks.tracking.run import TrackedRun
from tasks.tracking.store import Store

logger = logging.getLogger(__name__)

CHALLENGER = "challenger"
CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version in the registry.

    Attributes:
        name: Name of the model.
        version: Number of the version, from 1.
        champion: Whether it is the champion, too.

    """

    name: str
    version: int
    champion: bool

    @property
    def reference(self) -> str:
        """For example ``models:/coldcart-ta_feng/3``."""
        return f"models:/{self.name}/{self.version}"


def register_model(run: TrackedRun, name: str) -> RegisteredVersion:
    """Register the ``model/`` artifacts of a run as the ``challenger``; a model's first version is ``champion``, too.

    Registering the same run again changes nothing but the alias.

    Raises:
        ModelError: Tracking is off, or the run holds no model.
        TrackingError: The registry does not answer.
    """
    from mlflow.exceptions import MlflowException

    if not isinstance(run, MlflowRun):
        raise ModelError("register=true needs MLflow: leave out tracking=off")
    client = run.store.client
    with run.store.named_errors():
        if not client.list_artifacts(run.id, MODEL_FOLDER):
            raise ModelError(f"MLflow run {run.id} has no {MODEL_FOLDER}/ folder to register")
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        earlier = [found for found in client.search_model_versions(f"name='{name}'") if found.run_id == run.id]
        if earlier:
            version = max(int(found.version) for found in earlier)
        else:
            source = f"{client.get_run(run.id).info.artifact_uri}/{MODEL_FOLDER}"
            version = int(client.create_model_version(name, source, run_id=run.id).version)
        client.set_registered_model_alias(name, CHALLENGER, str(version))
        champion = client.get_registered_model(name).aliases.get(CHAMPION)
        if champion is None and version == 1:
            client.set_registered_model_alias(name, CHAMPION, str(version))
            champion = str(version)
    registered = RegisteredVersion(name, version, champion=str(champion) == str(version))
    logger.info("Registered %s as %s", registered.reference, CHAMPION if registered.champion else CHALLENGER)
    return registered


def version_of(name: str, alias: str, store: Store) -> int | None:
    """The version that an alias names now; None where there is no such model or alias.

    Raises:
        TrackingError: The registry does not answer.
    """
    from mlflow.exceptions import MlflowException

    with store.named_errors():
        try:
            found = store.client.get_registered_model(name).aliases.get(alias)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
    return None if found is None else int(found)
