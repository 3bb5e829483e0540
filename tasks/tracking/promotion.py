"""Which version serves: the alias moves on to a new one, and back to the one before."""

import logging
from dataclasses import dataclass

from tasks.errors import ModelError
from tasks.tracking.registry import register_model, version_of
from tasks.tracking.run import TrackedRun
from tasks.tracking.store import Store

logger = logging.getLogger(__name__)

BEFORE = "coldcart.before"
"""Tag of a version: the one whose place it took."""
PREVIOUS = "previous"
"""Alias of the version that a rollback returns to; for people to see, the tag is what counts."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An alias that was moved.

    Attributes:
        name: Name of the model.
        alias: The alias.
        before: Version it named before.
        after: Version it names now.

    """

    name: str
    alias: str
    before: int
    after: int


def run_of(name: str, alias: str, store: Store) -> tuple[int, str]:
    """The version that an alias names, and the MLflow run that it comes from.

    Raises:
        ModelError: There is no such model or alias, or the version comes from no run.
        TrackingError: The registry does not answer.

    """
    version = version_of(name, alias, store)
    if version is None:
        raise ModelError(
            f"models:/{name}@{alias} names no version: train and register one first "
            "(python -m flows.train … register=true)"
        )
    with store.named_errors():
        run = store.client.get_model_version(name, str(version)).run_id
    if not run:
        raise ModelError(f"models:/{name}/{version} was registered without a run: its settings are not known")
    return version, str(run)


def promote(run: TrackedRun, name: str, alias: str, before: int, store: Store) -> Moved:
    """Register the model of a run and let an alias name it: the last step, and one step, of a promotion.

    Where this is interrupted, the alias names the version before, and the same call goes on.

    Args:
        run: The MLflow run that holds the model.
        name: Name of the model.
        alias: The alias to move.
        before: Version that it must name still.
        store: The registry.

    Raises:
        ModelError: Somebody moved the alias meanwhile.
        TrackingError: The registry does not answer.

    """
    registered = register_model(run, name)
    with store.named_errors():
        store.client.set_model_version_tag(name, str(registered.version), BEFORE, str(before))
        now = version_of(name, alias, store)
        if now not in (before, registered.version):
            raise ModelError(
                f"models:/{name}@{alias} was moved from version {before} to {now} meanwhile: version "
                f"{registered.version} stays a challenger. Start the refresh again, it begins with version {now}"
            )
        store.client.set_registered_model_alias(name, PREVIOUS, str(before))
        store.client.set_registered_model_alias(name, alias, str(registered.version))
    logger.info("models:/%s@%s: version %d instead of %d", name, alias, registered.version, before)
    return Moved(name, alias, before, registered.version)


def roll_back(name: str, alias: str, store: Store) -> Moved:
    """Let an alias name the version before again.

    Raises:
        ModelError: The version took nobody's place, or the one before is gone.
        TrackingError: The registry does not answer.

    """
    from mlflow.exceptions import MlflowException

    version, _ = run_of(name, alias, store)
    with store.named_errors():
        before = _before(name, version, store)
        if before is None:
            raise ModelError(
                f"models:/{name}@{alias} is version {version}, which no refresh has put there: there is nothing to "
                "roll back to. Another version can be given the alias on the page of the model in MLflow"
            )
        try:
            store.client.get_model_version(name, str(before))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise ModelError(
                f"models:/{name}/{version} took the place of version {before}, which was deleted: there is nothing to "
                "roll back to"
            ) from None
        store.client.set_registered_model_alias(name, alias, str(before))
        earlier = _before(name, before, store)
        if earlier is not None:
            store.client.set_registered_model_alias(name, PREVIOUS, str(earlier))
        else:
            store.client.delete_registered_model_alias(name, PREVIOUS)
    logger.info("models:/%s@%s: version %d again, instead of %d", name, alias, before, version)
    return Moved(name, alias, version, before)


def _before(name: str, version: int, store: Store) -> int | None:
    found = store.client.get_model_version(name, str(version)).tags.get(BEFORE)
    return int(found) if found else None
