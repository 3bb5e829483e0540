"""A server that stays ends runs whose signs of life stay out."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from flows.zombies import HEARTBEAT, NAME, SILENCE, register_zombie_automation
from tasks.runs.home import REPOSITORY


@pytest.fixture
def lasting_server(tmp_path: Path) -> Iterator[str]:
    """A server with all its services; the temporary one has no automations."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port],
        cwd=REPOSITORY,
        env={**os.environ, "PREFECT_HOME": str(tmp_path), "PREFECT_SERVER_UI_ENABLED": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}/api"
    try:
        deadline = time.monotonic() + 150
        while not answers(address):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=5).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.slow
def test_a_run_without_a_sign_of_life_ends_crashed(lasting_server: str) -> None:
    with httpx.Client(base_url=lasting_server, timeout=30) as api:
        first = register_zombie_automation(lasting_server)
        assert register_zombie_automation(lasting_server) == first
        # Shorter than would do outside a test; the automation is the same one.
        assert register_zombie_automation(lasting_server, timedelta(seconds=10)) == first
        (automation,) = api.post("/automations/filter", json={}).json()
        assert automation["name"] == NAME
        assert automation["trigger"]["within"] == 10
        flow = api.post("/flows/", json={"name": "some"}).json()["id"]
        silent, never, ended = (
            api.post("/flow_runs/", json={"flow_id": flow, "state": {"type": "RUNNING"}}).json()["id"] for _ in range(3)
        )
        for run in (silent, ended):
            sign = {"event": HEARTBEAT, "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"}}
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            api.post("/events", json=[{**sign, "occurred": now, "id": run}]).raise_for_status()
        api.post(f"/flow_runs/{ended}/set_state", json={"state": {"type": "COMPLETED"}})

        def state(run: str) -> dict[str, str]:
            return api.get(f"/flow_runs/{run}").json()["state"]

        deadline = time.monotonic() + 100
        while state(silent)["type"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert state(silent)["type"] == "CRASHED"
        assert "No sign of life" in state(silent)["message"]
        # A run that never gave a sign, as one that is only starting, and one that ended are left alone.
        assert state(never)["type"] == "RUNNING"
        assert state(ended)["type"] == "COMPLETED"


def test_silence_is_longer_than_any_pause_between_two_signs() -> None:
    from prefect.settings.models.flows import FlowsSettings

    slowest = FlowsSettings.model_fields["heartbeat_frequency"].default
    assert timedelta(seconds=slowest) < SILENCE
    assert int(os.environ["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) <= slowest
