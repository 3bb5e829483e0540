"""Processes that end together: children, what they started in groups and sessions of their own, and orphans.

A Prefect worker starts each run in a session of its own, and MLflow its workers in a pool: signals to a process group
reach neither. So every process carries a mark in its environment, which its children inherit, and is found by it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import httpx
import psutil

from flows.orchestration import OrchestrationError
from tasks.runs.home import REPOSITORY

START_SECONDS = 240
"""Two servers migrate new databases side by side; on a crowded machine that takes minutes."""
POLL_SECONDS = 0.3
MARK = "_COLDCART_UI"
"""Variable that marks what belongs to one session."""


class Processes:
    """Processes of one session.

    Args:
        logs: Folder of their logs, ``<name>.log`` each.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._mark = uuid.uuid4().hex
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)
        # Where this process is killed it cannot end the others any more: somebody has to watch.
        self._guard = self._spawn([sys.executable, "-m", "flows.ui.guard", str(os.getpid()), self._mark], {}, "guard")

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start one, as a child in a session of its own: Ctrl-C in a terminal must not reach it before its turn.

        Args:
            name: For messages and its log.
            command: Program and arguments.
            environment: Variables beside those of this process.
        """
        self._children[name] = self._spawn(command, environment, name)

    def check(self) -> None:
        """See that all are alive.

        Raises:
            OrchestrationError: One has ended; the message names its log and quotes its last line.
        """
        for name, child in self._children.items():
            if child.poll() is not None:
                raise OrchestrationError(f"{name} ended with {child.returncode}: {self._last_line(name)}")

    def wait(self, name: str, answers: Callable[[], bool]) -> None:
        """Wait until something answers, as long as all are alive.

        Args:
            name: For the message.
            answers: Asked again and again; an HTTP error is a no.

        Raises:
            OrchestrationError: It does not, or one has ended.
        """
        patience = time.monotonic() + START_SECONDS
        while time.monotonic() < patience:
            self.check()
            with contextlib.suppress(httpx.HTTPError):
                if answers():
                    return
            time.sleep(POLL_SECONDS)
        raise OrchestrationError(f"{name} does not answer within {START_SECONDS} s; its log is in {self._logs}")

    def below(self, name: str) -> list[psutil.Process]:
        """What a child has started and is still alive, and what that has started."""
        try:
            return psutil.Process(self._children[name].pid).children(recursive=True)
        except (KeyError, psutil.NoSuchProcess):
            return []

    def names(self) -> tuple[str, ...]:
        """Names in the order they were started."""
        return tuple(self._children)

    def end(self, name: str, seconds: float) -> None:
        """End one and what it has started; what still lives after ``seconds`` is killed."""
        below, child = self.below(name), self._children.pop(name, None)
        if child is not None and child.poll() is None:
            # It tells its own children; they are asked only where it leaves them behind.
            end([psutil.Process(child.pid)], seconds)
            child.wait()
            end([process for process in below if process.is_running()], seconds)

    def end_all(self, seconds: float) -> None:
        """End what is left, orphans included, the guard last."""
        for name in self.names():
            self.end(name, seconds)
        end([process for process in marked(self._mark) if process.pid != self._guard.pid], seconds)
        self._guard.kill()
        self._guard.wait()

    def _spawn(self, command: Sequence[str], environment: Mapping[str, str], name: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{name}.log").open("w") as log:
            return subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env={**os.environ, **environment, MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _last_line(self, name: str) -> str:
        path = self._logs / f"{name}.log"
        lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
        return f"{lines[-1] if lines else 'it said nothing'} ({path})"


def checkout() -> dict[str, str]:
    """What is started imports the flows of this checkout, whatever folder it runs in."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))}


def marked(mark: str) -> list[psutil.Process]:
    """All processes of a session but this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found


def end(processes: Sequence[psutil.Process], seconds: float) -> None:
    """Ask processes to end, wait, and kill those that do not within ``seconds``."""
    _signal(processes, signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    _signal(alive, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=seconds)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
