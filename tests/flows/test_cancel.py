"""A training on a run's page: killed, retried, cancelled, gone on with by the same parameters."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest

from tasks.runs import Home
from tasks.runs.home import REPOSITORY
from tests.flows.commands import QUICK, command, run_folder

SERVE = """
from prefect import serve
from prefect.deployments.runner import EntrypointType
from flows.train import train
serve(train.to_deployment("cancelled", entrypoint_type=EntrypointType.MODULE_PATH))
"""
SETTINGS = ["dataset=block_world", *QUICK, "trainer.max_epochs=4", "trainer.min_steps=200", "refit=false", "seed=5"]


@pytest.fixture
def api(server: str) -> Iterator[httpx.Client]:
    """The API of a server whose deployment ``train/cancelled`` is being served."""
    environment = {**os.environ, "PREFECT_API_URL": server, "PYTHONPATH": str(REPOSITORY)}
    runner = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=REPOSITORY,
        env=environment | {"PREFECT_RUNNER_POLL_FREQUENCY": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=server, timeout=30) as client:
            until(lambda: client.get("/deployments/name/train/cancelled").is_success)
            yield client
    finally:
        below = psutil.Process(runner.pid).children(recursive=True)
        runner.terminate()
        psutil.wait_procs([psutil.Process(runner.pid), *below], timeout=30)
        for process in below:
            if process.is_running():
                process.kill()
        runner.wait()


def until(done: Callable[[], Any], seconds: float = 150) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def state(api: httpx.Client, run: str) -> dict[str, Any]:
    return api.get(f"/flow_runs/{run}").json()["state"]


def said(api: httpx.Client, run: str) -> list[str]:
    asked = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"}
    return [line["message"] for line in api.post("/logs/filter", json=asked).json()]


def epochs(api: httpx.Client, run: str) -> list[int]:
    return [int(line.split()[1].rstrip(":")) for line in said(api, run) if re.match(r"epoch \d+: generator", line)]


def processes(run: str) -> list[psutil.Process]:
    """The process that runs a flow run, by what it has written down."""
    path = Home.current().locks / "flows" / f"{run}.json"
    return [psutil.Process(json.loads(path.read_text())["pid"])] if path.is_file() else []


def tracked(mlflow: Any, run: str) -> Any:
    experiments = [one.experiment_id for one in mlflow.search_experiments()]
    (found,) = mlflow.search_runs(experiments, f"tags.`prefect.flow_run_id` = '{run}'")
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_retried_cancelled_and_gone_on_with(api: httpx.Client, mlflow: Any) -> None:
    deployment = api.get("/deployments/name/train/cancelled").json()["id"]
    asked = {"parameters": {"overrides": SETTINGS}}
    run = api.post(f"/deployments/{deployment}/create_flow_run", json=asked).json()["id"]

    until(lambda: epochs(api, run))
    (process,) = processes(run)
    process.kill()
    until(lambda: state(api, run)["type"] == "CRASHED")
    until(lambda: tracked(mlflow, run).info.status == "FAILED")
    assert not processes(run)

    retry = {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": True}
    api.post(f"/flow_runs/{run}/set_state", json=retry).raise_for_status()
    first = len(epochs(api, run))
    until(lambda: len(epochs(api, run)) > first)
    # It went on with the next epoch.
    assert epochs(api, run)[first] == epochs(api, run)[first - 1] + 1
    (process,) = processes(run)
    api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": "CANCELLING"}}).raise_for_status()
    until(lambda: not processes(run))
    until(lambda: state(api, run)["type"] == "CANCELLED")
    assert not process.is_running()
    assert "Flow run was cancelled." in said(api, run)
    mlflow_run = tracked(mlflow, run)
    assert mlflow_run.info.status == "KILLED"
    folder = Home.current().runs / mlflow_run.data.tags["run_id"]
    assert json.loads((folder / "state.json").read_text())["status"] == "KILLED"
    assert (folder / "stages" / "train" / "last.ckpt").is_file()

    done = epochs(api, run)
    again = command("train", *SETTINGS)
    assert run_folder(again) == folder
    assert [int(epoch) for epoch in re.findall(r"epoch (\d+): generator", again.err)] == list(range(done[-1] + 1, 4))
    assert mlflow.get_run(mlflow_run.info.run_id).info.status == "FINISHED"
