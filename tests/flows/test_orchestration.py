import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flows.environment import prepare_environment
from tasks.runs import Home
from tasks.runs.home import REPOSITORY

FLOW = """
import logging, sys, time
import flows
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from flows.orchestration import prefect_server
from flows.terminal import configure_terminal, one_error
from tasks.errors import DataError

logger = logging.getLogger("tasks.stage")

@task(task_run_name="stage-{number}", cache_policy=NO_CACHE)
def stage(number):
    logger.info("stage %s at work", number)
    logging.getLogger("httpx").info("noise")
    if sys.argv[1] == "fail":
        raise DataError("log.csv: no column 'user_id'; name it with dataset.user=...")

@flow(flow_run_name="a-run-people-can-read")
def stages():
    for number in range(3):
        stage(number)
    if sys.argv[1] == "hang":
        print("hanging", flush=True)
        time.sleep(60)

@one_error
def main():
    configure_terminal()
    with prefect_server():
        stages()
    print("done")

main()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One home for the whole module: Prefect makes its tables once."""
    return Home(tmp_path_factory.mktemp("home"))


def environment(home: Home, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return inherited | {"COLDCART_HOME": str(home.root), "PYTHONPATH": str(REPOSITORY)} | more


def run(home: Home, what: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FLOW, what],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def stored(home: Home, query: str) -> list[tuple]:
    with sqlite3.connect(home.prefect / "prefect.db") as database:
        return database.execute(query).fetchall()


def servers(home: Home) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if "flows.temporary_server" in process.cmdline() and process.environ().get("COLDCART_HOME") == str(
                home.root
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_a_flow_runs_without_a_server_and_leaves_its_history(home: Home) -> None:
    done = run(home, "succeed")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"
    lines = done.stderr.splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [f"INFO    tasks.stage: stage {n} at work" for n in range(3)]
    assert servers(home) == []
    # What a server with a UI, started later on this database, will show.
    assert stored(home, "select name, state_name from flow_run") == [("a-run-people-can-read", "Completed")]
    assert sorted(stored(home, "select name, state_name from task_run")) == [
        (f"stage-{number}", "Completed") for number in range(3)
    ]
    assert stored(home, "select count(*) from log where message like 'stage % at work'") == [(3,)]
    assert not (home.prefect / "temporary-server.log").read_text()


def test_a_failing_flow_ends_with_one_line(home: Home) -> None:
    done = run(home, "fail")
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].endswith("stage 0 at work")
    assert lines[1] == "error: log.csv: no column 'user_id'; name it with dataset.user=..."
    assert stored(home, "select state_name from flow_run order by created desc limit 1") == [("Failed",)]


def test_the_server_dies_with_a_killed_parent(home: Home) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FLOW, "hang"],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "hanging\n"
    assert len(servers(home)) == 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while servers(home):
        assert time.monotonic() < deadline, "the server outlived the command that started it"
        time.sleep(0.2)


def test_a_server_that_does_not_answer_is_named(home: Home) -> None:
    done = run(home, "succeed", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 1
    assert done.stderr.startswith("error: PREFECT_API_URL: the Prefect server at http://127.0.0.1:9/api does not")
    assert done.stderr.count("\n") == 1


def test_the_environment_is_settled_once_and_leaves_what_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"HOME": str(tmp_path), "PREFECT_LOGGING_EXTRA_LOGGERS": "mine"}
    monkeypatch.setattr(os, "environ", own)
    prepare_environment(Home(tmp_path / "state"))
    assert own["PREFECT_HOME"] == str(tmp_path / "state" / "prefect")
    assert own["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert own["DO_NOT_TRACK"] == "true"
    assert own["PREFECT_LOGGING_EXTRA_LOGGERS"] == "mine"
    assert "PREFECT_PROFILES_PATH" not in own
    # A team's profile keeps its say.
    del own["PREFECT_HOME"]
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text("")
    prepare_environment(Home(tmp_path / "state"))
    assert own["PREFECT_PROFILES_PATH"] == str(tmp_path / ".prefect" / "profiles.toml")


def test_importing_a_flow_package_does_not_import_prefect() -> None:
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, flows, flows.orchestration, flows.terminal; print('prefect' in sys.modules)",
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout == "False\n"
