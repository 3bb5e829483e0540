import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from filelock import FileLock

from tasks.errors import LockedError
from tasks.runs import Owner, RunLock

HOLD = """
import sys, time
from pathlib import Path
from tasks.runs import RunLock
lock = RunLock(Path(sys.argv[1]), "key", beat_seconds=0.1).acquire()
print("held", flush=True)
time.sleep(60)
"""


def holding_process(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_live_process_keeps_others_out_and_is_named(tmp_path: Path) -> None:
    process = holding_process(tmp_path)
    try:
        with pytest.raises(LockedError, match=f"process {process.pid} of "):
            RunLock(tmp_path, "key").acquire()
        # Stopped is not dead: a suspended laptop comes back.
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(LockedError):
            RunLock(tmp_path, "key", beat_seconds=0.001).acquire()
    finally:
        process.kill()
        process.wait()


def test_a_lock_is_taken_over_after_kill_9(tmp_path: Path) -> None:
    process = holding_process(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    # Not reaped yet: a zombie holds nothing either.
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            lock = RunLock(tmp_path, "key").acquire()
            break
        except LockedError:
            time.sleep(0.05)
    process.wait()
    holder = lock.holder()
    assert holder is not None
    assert holder.pid == os.getpid()
    lock.release()
    assert lock.holder() is None


def test_an_owner_elsewhere_is_judged_by_its_beats() -> None:
    elsewhere = replace(Owner.myself(), machine="another", beat=time.time() - 30)
    assert elsewhere.is_alive()
    assert not replace(elsewhere, beat=time.time() - 61).is_alive()


def test_a_reused_process_number_is_not_the_owner() -> None:
    myself = Owner.myself()
    assert myself.is_alive()
    assert not replace(myself, started=myself.started - 100).is_alive()


def test_the_heartbeat_renews_and_notices_a_takeover(tmp_path: Path) -> None:
    lock = RunLock(tmp_path, "key", beat_seconds=0.02).acquire()
    first = lock.holder()
    assert first is not None
    wait_for(lambda: (lock.holder() or first).beat > first.beat)
    lock.check()
    thief = replace(Owner.myself(), host="thief")
    with FileLock(tmp_path / "key.guard"):
        (tmp_path / "key.json").write_text(json.dumps(asdict(thief)))
    wait_for(lambda: is_lost(lock))
    with pytest.raises(LockedError, match="on thief took over"):
        lock.check()
    lock.release()
    assert lock.holder() == thief


def test_an_unreadable_owner_file_does_not_lock_for_ever(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{")
    RunLock(tmp_path, "key").acquire().release()


def is_lost(lock: RunLock) -> bool:
    try:
        lock.check()
    except LockedError:
        return True
    return False


def wait_for(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
