"""`make ui`: what it starts, on which ports and databases, and that nothing outlives it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from flows.ui.services import free_port
from flows.ui.settings import UiSettings
from flows.ui.state import OpenPages, open_pages
from tasks.runs import Home
from tasks.runs.home import REPOSITORY
from tests.ingestion import postgres

SESSION = """
import sys, time
from pathlib import Path
from flows.ui.processes import Processes
# A worker starts its runs in sessions of their own, and what it leaves behind has another parent.
escaping = "import subprocess, sys; subprocess.Popen(['sleep', '300'], start_new_session=True)"
processes = Processes(Path(sys.argv[1]))
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"
processes.start("deaf", [sys.executable, "-c", deaf], {})
processes.start("worker", [sys.executable, "-c", escaping + "; import time; time.sleep(300)"], {})
processes.start("gone", [sys.executable, "-c", escaping], {})
time.sleep(2)
print("started", flush=True)
if sys.argv[2] == "end":
    processes.end_all(1.0)
else:
    time.sleep(300)
"""


def environment(home: Home, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    return kept | {"COLDCART_HOME": str(home.root), "PYTHONPATH": str(REPOSITORY)} | more


def alive(home: Home) -> list[list[str]]:
    """Command lines of everything that works on a home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("COLDCART_HOME") == str(home.root) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.cmdline())
        except psutil.Error:
            continue
    return found


def test_ending_a_session_ends_what_it_left_behind(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    done = subprocess.run(
        [sys.executable, "-c", SESSION, str(tmp_path / "logs"), "end"], env=environment(home), timeout=60, check=False
    )
    assert done.returncode == 0
    assert alive(home) == []


def test_a_killed_session_is_ended_by_its_guard(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION, str(tmp_path / "logs"), "stay"],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert session.stdout is not None
    assert session.stdout.readline() == "started\n"
    assert len(alive(home)) == 6  # the session, its guard, two children, two that left their parents
    session.send_signal(signal.SIGKILL)
    session.wait()
    deadline = time.monotonic() + 60
    while alive(home):
        assert time.monotonic() < deadline, alive(home)
        time.sleep(0.3)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Exception, match=rf"mlflow_port: port {port} is taken"):
            free_port("mlflow_port", port, 5000)
        assert free_port("mlflow_port", None, port) != port
    assert free_port("mlflow_port", None, port) == port


def test_ports_are_ports() -> None:
    with pytest.raises(ValueError, match="prefect_port must be in 1 … 65535, got 0"):
        UiSettings(prefect_port=0)


def test_pages_whose_process_was_killed_are_not_open(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert open_pages(home) is None
    OpenPages("http://127.0.0.1:4200", "http://127.0.0.1:5000", os.getpid()).write(home)
    # The number belongs to another process by now: this one.
    assert open_pages(home) is None


@pytest.mark.parametrize(
    ("variable", "address"), [("PREFECT_API_URL", "http://127.0.0.1:9/api"), ("MLFLOW_TRACKING_URI", "http://h:1")]
)
def test_servers_that_are_configured_are_not_replaced(tmp_path: Path, variable: str, address: str) -> None:
    home = Home(tmp_path / "home")
    done = subprocess.run(
        [sys.executable, "-m", "flows.ui"],
        env=environment(home, **{variable: address}),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {variable}: ")
    assert address in done.stderr
    assert not home.ui.exists()


@contextmanager
def opened(home: Home, log: Path, **more: str) -> Iterator[OpenPages]:
    """`python -m flows.ui` until it answers; Ctrl-C at the end."""
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.ui"],
            env=environment(home, **more),
            cwd=REPOSITORY,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 200
        while not home.ui.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.3)
        yield OpenPages(**json.loads(home.ui.read_text()))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert process.returncode == 0, log.read_text()


@pytest.mark.slow
@pytest.mark.postgres
def test_both_servers_keep_their_state_in_postgresql(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Home(tmp_path / "home")
    with postgres.running(tmp_path_factory) as server:
        with psycopg.connect(server.uri_with_password, autocommit=True) as connection:
            for name in ("prefect", "mlflow"):
                connection.execute(f"create database {name}")
        base = server.uri_with_password.removesuffix("/postgres").removeprefix("postgresql")
        urls = {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg{base}/prefect",
            "MLFLOW_TRACKING_URI": f"postgresql{base}/mlflow",
        }
        with opened(home, tmp_path / "ui.log", **urls) as pages:
            assert open_pages(home) == pages
            again = subprocess.run(
                [sys.executable, "-m", "flows.ui"],
                env=environment(home, **urls),
                cwd=REPOSITORY,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert again.stderr.startswith("error: pages for ")
            assert pages.prefect in again.stderr
            deployments = httpx.post(f"{pages.prefect_api}/deployments/filter", json={}, timeout=30).json()
            assert {deployed["name"] for deployed in deployments} == {
                "train",
                "benchmark",
                "sweep",
                "refresh",
                "recommend",
            }
            commands = alive(home)
            assert not [word for command in commands for word in command if postgres.PASSWORD in word]
        assert alive(home) == []
        with psycopg.connect(f"{server.uri_with_password.removesuffix('/postgres')}/prefect") as connection:
            rows = connection.execute("select name from deployment order by name").fetchall()
            assert rows == [("benchmark",), ("recommend",), ("refresh",), ("sweep",), ("train",)]
        with psycopg.connect(f"{server.uri_with_password.removesuffix('/postgres')}/mlflow") as connection:
            assert ("coldcart/ta_feng",) in connection.execute("select name from experiments").fetchall()
        assert not home.mlflow_database.exists()
        assert not (home.prefect / "prefect.db").exists()
        assert postgres.PASSWORD not in (tmp_path / "ui.log").read_text()
