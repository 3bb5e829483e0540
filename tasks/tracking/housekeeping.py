"""What registered models need of MLflow's runs, and deleting those that nobody does."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.runs.home import Home
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.store import Store, connect

PARENT = "mlflow.parentRunId"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class OldRun:
    """An MLflow run.

    Attributes:
        id: 32 hex digits.
        name: As lists of runs show it.
        experiment: Name of its experiment.
        ended: Seconds since 1970.

    """

    id: str
    name: str
    experiment: str
    ended: float


def registered_runs(settings: TrackingSettings, home: Home) -> frozenset[str]:
    """Ids of the runs that versions of registered models come from, whatever their aliases.

    Raises:
        TrackingError: The registry does not answer.

    """
    store = _existing(settings, home)
    if store is None:
        return frozenset()
    found: set[str] = set()
    token = None
    with store.named_errors():
        while True:
            page = store.client.search_model_versions("", max_results=_PAGE, page_token=token)
            found |= {str(version.run_id) for version in page if version.run_id}
            token = page.token
            if not token:
                return frozenset(found)


def old_runs(settings: TrackingSettings, home: Home, before: float, needed: Collection[str]) -> list[OldRun]:
    """Runs of ours that ended before a time; a parent stays as long as one of its children does.

    Args:
        settings: Where the tracking store is.
        home: Where the default store lives.
        before: Seconds since 1970.
        needed: Ids that stay.

    Raises:
        TrackingError: The store does not answer.

    """
    store = _existing(settings, home)
    if store is None:
        return []
    runs = list(_all_runs(store))
    old = {
        run.info.run_id: OldRun(run.info.run_id, str(run.info.run_name), experiment, run.info.end_time / 1000)
        for experiment, run in runs
        if "stage" in run.data.tags
        and run.info.status != "RUNNING"
        and run.info.end_time
        and run.info.end_time / 1000 < before
        and run.info.run_id not in needed
    }
    staying = {run.data.tags.get(PARENT) for _, run in runs if run.info.run_id not in old}
    return sorted((run for run in old.values() if run.id not in staying), key=lambda run: run.ended)


def delete_runs(settings: TrackingSettings, home: Home, runs: Sequence[OldRun]) -> None:
    """Mark runs as deleted: lists show them no more, ``mlflow gc`` removes them for good.

    Raises:
        TrackingError: The store does not answer.

    """
    store = _existing(settings, home) if runs else None
    if store is None:
        return
    with store.named_errors():
        for run in runs:
            store.client.delete_run(run.id)


def _all_runs(store: Store) -> Iterator[tuple[str, Any]]:
    with store.named_errors():
        for experiment in store.client.search_experiments():
            token = None
            while True:
                page = store.client.search_runs([experiment.experiment_id], max_results=_PAGE, page_token=token)
                yield from ((experiment.name, run) for run in page)
                token = page.token
                if not token:
                    break


def _existing(settings: TrackingSettings, home: Home) -> Store | None:
    """The store; None where it is the default one and nothing was ever logged, so that looking makes no tables."""
    default = f"sqlite:///{home.mlflow_database}"
    own = {settings.tracking_uri(home), settings.model_registry_uri(home)} == {default}
    if own and not Path(home.mlflow_database).exists():
        return None
    return connect(settings, home)
