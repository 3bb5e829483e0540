import errno
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.terminal import describe, one_error
from tasks.errors import DataError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLDCART_HOME", str(tmp_path))
    monkeypatch.delenv("COLDCART_DEBUG", raising=False)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return tmp_path


def raising(error: BaseException):
    @one_error
    def entry() -> None:
        raise error

    return entry


def test_an_error_of_the_user_is_one_line(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    with pytest.raises(SystemExit) as end:
        raising(DataError("log.csv: column 'user_id'\n is missing"))()
    assert end.value.code == 1
    assert capsys.readouterr() == ("", "error: log.csv: column 'user_id' is missing\n")
    assert list(home.iterdir()) == []


def test_an_error_of_the_user_is_found_behind_what_wraps_it() -> None:
    outer = RuntimeError("wrapped")
    outer.__cause__ = DataError("the reason")
    assert describe(outer) == "the reason"


def test_a_full_disk_is_named() -> None:
    said = describe(OSError(errno.ENOSPC, "No space left on device", "/cache/ta_feng.zip"))
    assert said.startswith("no space is left on the disk of /cache/ta_feng.zip")


def test_the_traceback_of_an_unexpected_error_is_kept(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    with pytest.raises(SystemExit) as end:
        raising(ZeroDivisionError("division by zero"))()
    assert end.value.code == 1
    said = capsys.readouterr().err
    (kept,) = (home / "logs").iterdir()
    assert said.count("\n") == 1
    assert said.startswith("error: unexpected ZeroDivisionError: division by zero. The traceback is in ")
    assert str(kept) in said
    assert "Traceback (most recent call last)" in kept.read_text()


def test_a_traceback_that_cannot_be_kept_hides_nothing(home: Path) -> None:
    (home / "logs").write_text("a file")
    assert "unexpected ValueError: x. The traceback could not be kept" in describe(ValueError("x"))


def test_debugging_shows_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDCART_DEBUG", "1")
    with pytest.raises(DataError):
        raising(DataError("as it comes"))()


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    lightning = SystemExit(1)
    lightning.__context__ = KeyboardInterrupt()
    for interruption in (KeyboardInterrupt(), lightning):
        with pytest.raises(SystemExit) as end:
            raising(interruption)()
        assert end.value.code == 130
        assert capsys.readouterr().err == "interrupted; the same command goes on from where it stopped\n"
    with pytest.raises(SystemExit) as end:
        raising(SystemExit(3))()
    assert end.value.code == 3


def test_results_pass_through() -> None:
    assert one_error(lambda value: value + 1)(1) == 2


TERMINATED = """
import os, signal
from pathlib import Path
from flows.terminal import one_error
from tasks.runs import Home, open_run
@one_error
def main():
    with open_run(Home.current(), "a" * 64, name="r"):
        os.kill(os.getpid(), signal.SIGTERM)
main()
"""


def test_a_termination_signal_closes_what_is_open(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED], env={**os.environ, "COLDCART_HOME": str(home)}, check=False
    )
    assert done.returncode == 128 + signal.SIGTERM
    (state,) = (home / "runs").glob("*/state.json")
    assert '"KILLED"' in state.read_text()


def test_our_loggers_speak_at_info() -> None:
    for name in ("flows", "tasks", "lightning_modules"):
        assert logging.getLogger(name).level == logging.INFO
