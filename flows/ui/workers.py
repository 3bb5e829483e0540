"""Workers of ``make ui``: what takes runs from the work pool."""

import os
import shutil
import socket
import subprocess
import sys

import httpx

from flows.deploy import POOL, deploy, make_pool
from flows.ui.processes import Processes, checkout
from flows.ui.state import OpenPages
from flows.zombies import register_zombie_automation

DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
"""Names the database of Prefect's server; SQLite in the home without it."""


def start_workers(processes: Processes, pages: OpenPages) -> None:
    """One for everything, or one per GPU: a device trains one thing at a time."""
    devices = gpus()
    make_pool(pages.prefect_api, {"training": max(1, len(devices)), "recommendations": 1})
    if DATABASE not in os.environ:
        clear_lost_runs(pages)
    register_zombie_automation(pages.prefect_api)
    variables = checkout() | {
        "PREFECT_API_URL": pages.prefect_api,
        "PREFECT_UI_URL": pages.prefect_pages,
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        # A worker imports Prefect before our settings are there, and 180 s between signs of life are its default.
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    wanted: dict[str, tuple[list[str], dict[str, str]]] = {}
    if len(devices) < 2:
        wanted["worker"] = ([], {})
    else:
        for device in devices:
            queue = ["--limit", "1", "--work-queue", "training"]
            wanted[f"worker-{device}"] = (queue, {"CUDA_VISIBLE_DEVICES": device})
        wanted["worker"] = (["--work-queue", "recommendations"], {})
    names = {name: f"{name}-{socket.gethostname()}-{pages.process}" for name in wanted}
    for name, (options, more) in wanted.items():
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", names[name], *options]
        processes.start(name, command, variables | more)
    deploy(pages.prefect_api)
    processes.wait("the worker", lambda: set(names.values()) <= _online(pages))


def clear_lost_runs(pages: OpenPages) -> None:
    """Mark runs as crashed whose worker was killed without a word: they would hold their place in the queue for ever.

    Only where the database is this home's own: on a team's, another machine's worker may be at work on them.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
        WorkPoolFilter,
        WorkPoolFilterName,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.states import Crashed

    at_work = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    with temporary_settings({PREFECT_API_URL: pages.prefect_api}), get_client(sync_client=True) as client:
        lost = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=at_work))),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        )
        for run in lost:
            message = "The process of this run is gone; the same parameters go on from its last epoch."
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)


def _online(pages: OpenPages) -> set[str]:
    """Names of the workers that have reported to the server."""
    answer = httpx.post(f"{pages.prefect_api}/work_pools/{POOL}/workers/filter", json={}, timeout=5).raise_for_status()
    return {worker["name"] for worker in answer.json() if worker["status"] == "ONLINE"}


def gpus() -> list[str]:
    """Names of the NVIDIA devices this process may use, as ``CUDA_VISIBLE_DEVICES`` takes them."""
    program = shutil.which("nvidia-smi")
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name.strip() not in ("", "-1")]
    if program is None:
        return []
    listed = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    return [str(number) for number, line in enumerate(listed.stdout.splitlines()) if line.startswith("GPU")]
