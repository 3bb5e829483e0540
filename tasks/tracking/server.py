"""MLflow's own server over the project's tracking store."""

import sys
from collections.abc import Mapping
from typing import Any

import httpx

from tasks.runs.home import Home
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.views import table_address

TRAINING_PAGES = "?workflowType=machine_learning"
"""Ends an address of MLflow's pages: without it they open with the menu of language models."""

TELEMETRY_OFF = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def server_command(port: int) -> list[str]:
    """The server on the loopback; one worker is enough for one person, and starts in half the time."""
    return [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]


def server_environment(settings: TrackingSettings, home: Home) -> dict[str, str]:
    """Its settings; a database's address may hold a password, and a command line can be read by everybody."""
    return TELEMETRY_OFF | {
        "MLFLOW_BACKEND_STORE_URI": settings.tracking_uri(home),
        "MLFLOW_REGISTRY_STORE_URI": settings.model_registry_uri(home),
        # The same folder as for runs that open the database themselves, so that either finds the other's artifacts.
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": home.artifacts.as_uri(),
        # Nothing here uses its job queue, which is eight more processes.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def runs_table(server: str, experiment: str) -> str:
    """Address of the table of training runs: of the experiment of the latest run, or of a new one where there is none.

    Args:
        server: Address of an MLflow server that answers.
        experiment: Name of the experiment to make where nothing was logged yet.
    """
    # By its REST interface: three questions are not worth the seconds that importing mlflow takes.
    with httpx.Client(base_url=f"{server}/api/2.0/mlflow", timeout=60) as client:
        listed = _json(client.post("/experiments/search", json={"max_results": 1000})).get("experiments", [])
        tags = {known["experiment_id"]: _tags(known) for known in listed}
        latest = {"experiment_ids": list(tags), "max_results": 1, "order_by": ["attributes.start_time DESC"]}
        runs = _json(client.post("/runs/search", json=latest)).get("runs", [])
        named = [known["experiment_id"] for known in listed if known["name"] == experiment]
        if runs:
            found = runs[0]["info"]["experiment_id"]
        elif named:
            found = named[0]
        else:
            found = _json(client.post("/experiments/create", json={"name": experiment}))["experiment_id"]
    return table_address(server, found, tags.get(found, {}), TRAINING_PAGES)


def _tags(experiment: Mapping[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in experiment.get("tags", [])}


def _json(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    parsed: dict[str, Any] = answer.json()
    return parsed
