"""MLflow's own model server, as somebody would start it from a terminal."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tasks.runs import Home
from tasks.runs.home import REPOSITORY
from tasks.tracking import TrackingSettings

START_SECONDS = 200


@contextlib.contextmanager
def served(reference: str, said: Path) -> Iterator[str]:
    """``mlflow models serve`` on a free port of the loopback; its address.

    Args:
        reference: For example ``models:/shop@champion``.
        said: File for what it says.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = ["models", "serve", "-m", reference, "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": TrackingSettings().tracking_uri(Home.current()),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # As in an environment that is activated: MLflow looks for uvicorn there.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
    }
    address = f"http://127.0.0.1:{port}"
    with said.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *serve],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(address, process, said)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait(address: str, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, said.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/ping").status_code == 200:
                return
        time.sleep(0.5)
    raise AssertionError(f"no answer within {START_SECONDS} s: {said.read_text()}")
