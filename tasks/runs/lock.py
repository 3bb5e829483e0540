"""A lock with an owner and a heartbeat: keeps two live runs of one key apart, and outlives no process."""

import getpass
import logging
import os
import socket
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from filelock import FileLock

from tasks.errors import LockedError
from tasks.runs.files import read_json, write_json

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
MISSED_BEATS = 12
"""After this many beats of silence an owner on another machine counts as dead."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lock.

    Attributes:
        host: Name of the machine.
        machine: What a process number means something in: boot and process namespace.
        user: Login name.
        pid: Process number.
        started: Start of that process, seconds since 1970; tells a reused number.
        token: Different for every acquisition.
        beat: Last sign of life, seconds since 1970.

    """

    host: str
    machine: str
    user: str
    pid: int
    started: float
    token: str
    beat: float

    @classmethod
    def myself(cls) -> Self:
        """This process, now."""
        return cls(
            host=socket.gethostname(),
            machine=_machine(),
            user=_user(),
            pid=os.getpid(),
            started=psutil.Process().create_time(),
            token=uuid.uuid4().hex,
            beat=time.time(),
        )

    def is_alive(self, silence: float = BEAT_SECONDS * MISSED_BEATS) -> bool:
        """Whether the owner still works.

        On this machine the process itself is looked up, so that a long pause (a suspended laptop) is no death;
        elsewhere more than ``silence`` seconds without a beat are.
        """
        if self.machine != _machine():
            return time.time() - self.beat <= silence
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) < 2.0 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}"


class RunLock:
    """Lock on one name, for example a run key.

    ``<name>.json`` in the folder names the owner; ``<name>.guard`` makes looking and taking one step. Use as a
    context manager, or ``acquire`` and ``release``.
    """

    def __init__(self, folder: Path, name: str, *, beat_seconds: float = BEAT_SECONDS) -> None:
        self._path = folder / f"{name}.json"
        self._guard_path = folder / f"{name}.guard"
        self._beat_seconds = beat_seconds
        self._owner: Owner | None = None
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self) -> Self:
        """Take the lock, also from an owner that died.

        Raises:
            LockedError: A live process holds it (named).
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._guard_path, timeout=30):
            holder = self.holder()
            if holder is not None and holder.is_alive(self._beat_seconds * MISSED_BEATS):
                raise LockedError(
                    f"the same run is being worked on by {holder} (last sign of life "
                    f"{max(0.0, time.time() - holder.beat):.0f} s ago). Wait for it, or stop it and start again."
                )
            if holder is not None:
                logger.info("Taking over from %s, which ended without releasing its run.", holder)
            self._owner = Owner.myself()
            write_json(self._path, asdict(self._owner))
        self._stop.clear()
        self._thread = threading.Thread(target=self._beat, name="run-heartbeat", daemon=True)
        self._thread.start()
        return self

    def release(self) -> None:
        """Give the lock back; does nothing when it is not ours."""
        if self._owner is None:
            return
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        with FileLock(self._guard_path, timeout=30):
            holder = self.holder()
            if holder is not None and holder.token == self._owner.token:
                self._path.unlink(missing_ok=True)
        self._owner = None

    def check(self) -> None:
        """Make sure that the lock is still ours.

        Raises:
            LockedError: Another process took it after this one was silent for too long.
        """
        if self._lost.is_set():
            raise LockedError(f"{self.holder()} took over this run after a long silence; this process must not go on")

    def holder(self) -> Owner | None:
        """Who holds the lock, dead or alive; None when nobody does."""
        try:
            return Owner(**read_json(self._path))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            logger.warning("%s is unreadable; treating its lock as free.", self._path)
            return None

    def _beat(self) -> None:
        while not self._stop.wait(self._beat_seconds):
            try:
                with FileLock(self._guard_path, timeout=30):
                    holder, own = self.holder(), self._owner
                    if own is None:
                        return
                    if holder is not None and holder.token != own.token:
                        self._lost.set()
                        logger.error("This run's lock was taken by %s.", holder)
                        return
                    write_json(self._path, asdict(own) | {"beat": time.time()})
            except (OSError, TimeoutError) as error:
                # A full disk must not end the run here; silence is what the others then see.
                logger.warning("Could not renew the lock of this run: %s", error)

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _machine() -> str:
    """What process numbers are unique in: a boot of a machine, and in it a process namespace (a container)."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append(f"{psutil.boot_time():.0f}")
    return "/".join(parts)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
