import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.errors import LockedError, TrainingError
from tasks.runs import Home, Run, RunState, RunStatus, open_run
from tasks.runs.state import all_states

KEY = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4


def start(home: Home, key: str = KEY, **options) -> Run:
    return open_run(home, key, name="ta_feng-conditional-relativistic-seed0", **options)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def fail(home: Home, mlflow_run: str | None = None) -> str:
    run = start(home)
    run.set_mlflow_run(mlflow_run)
    run.mark_done("train", {"epochs": 3})
    (run.stage_folder("train") / "last.ckpt").write_text("weights")
    with pytest.raises(TrainingError), run:
        raise TrainingError("the loss is\nnot finite")
    return run.id


def test_an_unfinished_run_is_resumed_with_its_stages_files_and_mlflow_run(home: Home) -> None:
    first = fail(home, "a" * 32)
    assert first == "ta_feng-conditional-relativistic-seed0-01234567-1"
    state = RunState.read(home.runs / first)
    assert (state.status, state.failure) == (RunStatus.FAILED, "TrainingError: the loss is not finite")
    with start(home) as run:
        assert (run.id, run.resumed, run.mlflow_run_id) == (first, True, "a" * 32)
        assert (run.state.status, run.state.failure) == (RunStatus.RUNNING, None)
        assert run.stage_done("train") == {"epochs": 3}
        assert run.stage_done("evaluate") is None
        assert (run.stage_folder("train") / "last.ckpt").read_text() == "weights"
        run.mark_done("evaluate")
        assert run.stage_done("evaluate") == {}
    assert RunState.read(home.runs / first).status is RunStatus.FINISHED


def test_a_finished_key_starts_a_new_run_and_leaves_the_old_alone(home: Home) -> None:
    with start(home) as run:
        run.mark_done("train")
    before = (run.folder / "state.json").read_bytes()
    with start(home) as second:
        assert (second.id, second.resumed) == ("ta_feng-conditional-relativistic-seed0-01234567-2", False)
        assert second.stage_done("train") is None
        assert second.folder != run.folder
    assert (run.folder / "state.json").read_bytes() == before


def test_resume_false_always_starts_anew(home: Home) -> None:
    first = fail(home)
    with start(home, resume=False) as run:
        assert not run.resumed
        assert run.id != first
    assert RunState.read(home.runs / first).status is RunStatus.FAILED
    # The newest run of the key is finished now: no going back to the older, failed one.
    with start(home) as run:
        assert not run.resumed


def test_runs_of_other_keys_are_not_resumed(home: Home) -> None:
    fail(home)
    with start(home, OTHER) as run:
        assert not run.resumed


def test_an_interruption_is_marked_killed_and_can_be_resumed(home: Home) -> None:
    with pytest.raises(KeyboardInterrupt), start(home) as run:
        raise KeyboardInterrupt
    assert RunState.read(run.folder).status is RunStatus.KILLED
    with start(home) as again:
        assert again.id == run.id


def test_two_live_runs_of_one_key_are_kept_apart(home: Home) -> None:
    with start(home) as run:
        for resume in (True, False):
            with pytest.raises(LockedError):
                start(home, resume=resume)
        with start(home, OTHER) as other:
            assert other.folder != run.folder
        assert RunState.read(run.folder).status is RunStatus.RUNNING
    assert [state.status for state in all_states(home.runs)] == [RunStatus.FINISHED] * 2


KILLED = """
import os, signal, sys
from pathlib import Path
from tasks.runs import Home, open_run
with open_run(Home(Path(sys.argv[1])), sys.argv[2], name="r") as run:
    run.set_mlflow_run("b" * 32)
    run.mark_done("train", {"best": 0.25})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_is_marked_failed_by_the_next_start_of_any_key(home: Home) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(home.root), KEY], check=False)
    assert done.returncode == -signal.SIGKILL
    (killed,) = all_states(home.runs)
    assert killed.status is RunStatus.RUNNING
    told = []
    with start(home, OTHER, on_stale=told.append):
        pass
    assert [(state.id, state.status, state.mlflow_run_id) for state in told] == [
        (killed.id, RunStatus.FAILED, "b" * 32)
    ]
    with start(home, on_stale=told.append) as run:
        assert (run.id, run.resumed, run.stage_done("train")) == (killed.id, True, {"best": 0.25})
    assert len(told) == 1


def test_a_killed_run_is_resumed_at_once_by_the_same_command(home: Home) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(home.root), KEY], check=False)

    def unreachable(state: RunState) -> None:
        raise ConnectionError("no tracking server")

    with start(home, on_stale=unreachable) as run:
        assert run.resumed
        assert run.mlflow_run_id == "b" * 32


def test_an_unreadable_run_is_passed_over(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    (home.runs / "broken").mkdir(parents=True)
    (home.runs / "broken" / "state.json").write_text("{}")
    (home.runs / "a file").write_text("")
    with start(home):
        pass
    assert "broken" in caplog.text


def test_a_state_that_cannot_be_written_keeps_the_old_one(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with start(home) as run:
        before = (run.folder / "state.json").read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space left"):
                run.mark_done("train")
        assert (run.folder / "state.json").read_bytes() == before
        assert [path.name for path in run.folder.iterdir()] == ["state.json"]
        assert run.stage_done("train") is None


def test_names_are_made_safe(home: Home) -> None:
    with open_run(home, KEY, name="../a b/é") as run:
        assert run.folder.parent == home.runs
        assert run.id == "a_b-01234567-1"


def test_home_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDCART_HOME", str(tmp_path / "state"))
    assert Home.current().runs == tmp_path / "state" / "runs"
    monkeypatch.delenv("COLDCART_HOME")
    assert Home.current().root.name == ".coldcart"
