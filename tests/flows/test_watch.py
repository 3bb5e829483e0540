"""Flow runs whose process was killed: the next command ends them."""

import signal
import subprocess
import sys
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from flows.watch import end_dead_flow_runs
from tasks.runs import Home
from tasks.runs.files import write_json
from tasks.runs.lock import Owner
from tests.flows.test_orchestration import environment, stored

FLOW = """
import sys, time
import flows
from prefect import flow
from flows.orchestration import prefect_server
from flows.terminal import configure_terminal, one_error
from flows.watch import watched
from tasks.runs import Home

@flow(flow_run_name="watched")
def work():
    with watched(Home.current()):
        print(*[path.name for path in (Home.current().locks / "flows").iterdir()], flush=True)
        if sys.argv[1] == "hang":
            time.sleep(60)

@one_error
def main():
    configure_terminal()
    with prefect_server():
        work()

main()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


def states(home: Home) -> list[str]:
    return [state for (state,) in stored(home, "select state_name from flow_run order by created")]


def ended_by(home: Home, number: signal.Signals) -> tuple[int, str]:
    """Exit code of a command that is sent a signal while its flow runs, and the record it had made."""
    process = subprocess.Popen(
        [sys.executable, "-c", FLOW, "hang"],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    record = process.stdout.readline().strip()
    process.send_signal(number)
    return process.wait(timeout=60), record


@pytest.mark.slow
def test_a_killed_command_is_ended_by_the_next_one(home: Home) -> None:
    # Asked to end, a command reports its own end.
    code, record = ended_by(home, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert states(home) == ["Crashed"]
    assert not (home.locks / "flows" / record).exists()

    code, record = ended_by(home, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert states(home) == ["Crashed", "Running"]
    assert (home.locks / "flows" / record).exists()

    done = subprocess.run(
        [sys.executable, "-c", FLOW, "end"],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert states(home) == ["Crashed", "Crashed", "Completed"]
    assert f"Flow run {record.removesuffix('.json')} was left Running by a process that is gone" in done.stderr
    assert list((home.locks / "flows").iterdir()) == []
    (message,) = stored(
        home, "select message from flow_run_state where name = 'Crashed' and message like 'Its process%'"
    )
    assert "killed" in message[0]


def record(home: Home, flow_run: object, **changes: Any) -> Path:
    path = home.locks / "flows" / f"{flow_run}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(replace(Owner.myself(), **changes)))
    return path


def test_only_the_dead_of_this_machine_are_ended(server: str, tmp_path: Path) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Running

    from flows.recommend import recommend

    home = Home(tmp_path)
    assert end_dead_flow_runs(home) == []
    with get_client(sync_client=True) as client:
        first, second, third, retried = (
            client.create_flow_run(recommend, parameters={"overrides": []}, state=Running()).id for _ in range(4)
        )
        dead = {"started": 1.0}
        alive, elsewhere = record(home, first), record(home, second, host="another", **dead)
        gone = record(home, third, **dead)
        # Its state is newer than the record: it was retried, and its new process has not written its own yet.
        record(home, retried, beat=1.0, **dead)
        unknown = record(home, uuid.uuid4(), **dead)
        assert end_dead_flow_runs(home) == [third]
        ends = [client.read_flow_run(one).state for one in (first, second, third, retried)]
        assert [state.name for state in ends if state] == ["Running", "Running", "Crashed", "Running"]
    assert alive.exists()
    assert elsewhere.exists()
    assert not gone.exists()
    assert not unknown.exists()
