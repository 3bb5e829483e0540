"""A run and its folder: opened new or resumed, its stages marked off one by one, closed with a status."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from tasks.runs.closing import Closing
from tasks.runs.home import Home
from tasks.runs.lock import BEAT_SECONDS, RunLock
from tasks.runs.state import RunState, RunStatus, all_states

logger = logging.getLogger(__name__)

SHORT_KEY = 8
"""Hex digits of the key in a run's id."""


class Run(Closing):
    """One run, locked by this process; one that is FAILED or KILLED can be resumed.

    Attributes:
        folder: The run's own folder.
        resumed: Whether an unfinished run goes on.

    """

    def __init__(self, folder: Path, state: RunState, lock: RunLock, *, resumed: bool) -> None:
        self.folder = folder
        self.resumed = resumed
        self._state = state
        self._lock = lock

    @property
    def id(self) -> str:
        """Name of the run and of its folder."""
        return self._state.id

    @property
    def number(self) -> int:
        """Which run of its key it is, from 1 on."""
        return _number(self._state)

    @property
    def state(self) -> RunState:
        """The state as last written."""
        return self._state

    @property
    def mlflow_run_id(self) -> str | None:
        """The MLflow run to go on with; None for a new run, or without tracking."""
        return self._state.mlflow_run_id

    def stage_done(self, name: str) -> Mapping[str, Any] | None:
        """What a finished stage left to know; None when it has to be done (again)."""
        return self._state.stages.get(name)

    def stage_folder(self, name: str) -> Path:
        """A folder for a stage's files and checkpoints, made on first use; it survives an interruption."""
        folder = self.folder / "stages" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def mark_done(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        """Record that a stage is done; call it after its files are written.

        Args:
            name: For example ``train``, ``evaluate`` or ``refit``.
            payload: A few plain values the later stages need.

        Raises:
            LockedError: Another process took this run over.
        """
        self._write(stages={**self._state.stages, name: dict(payload or {})})

    def set_mlflow_run(self, mlflow_run_id: str | None) -> None:
        """Record the MLflow run, so that a resumed run goes on with it; None (tracking is off) keeps the one known."""
        if mlflow_run_id is not None:
            self._write(mlflow_run_id=mlflow_run_id)

    def close(self, status: RunStatus, failure: str | None = None) -> None:
        """Write the final status and give the lock back."""
        try:
            self._write(status=status, failure=failure)
        finally:
            self._lock.release()

    def _write(self, **changes: Any) -> None:
        self._lock.check()
        state = replace(self._state, updated=_now(), **changes)
        state.write(self.folder)
        self._state = state

    def __str__(self) -> str:
        return f"run {self.id}"


def open_run(
    home: Home,
    key: str,
    *,
    name: str,
    resume: bool = True,
    on_stale: Callable[[RunState], None] | None = None,
    beat_seconds: float = BEAT_SECONDS,
) -> Run:
    """Resume the unfinished run of a key, or start a new one; lock it either way.

    Runs that say RUNNING but whose process is gone are marked FAILED first, whatever their key.

    Args:
        home: Where runs live.
        key: Run key.
        name: How a new run's id begins, for example ``ta_feng-conditional-relativistic-seed0``.
        resume: Whether to go on with the newest run of this key when it is unfinished.
        on_stale: Told of each run that was marked FAILED here, so that its MLflow run can be, too.
        beat_seconds: Interval of the heartbeat.

    Raises:
        LockedError: A live process works on a run of this key.
    """
    home.runs.mkdir(parents=True, exist_ok=True)
    home.locks.mkdir(parents=True, exist_ok=True)
    lock = RunLock(home.locks, key, beat_seconds=beat_seconds).acquire()
    try:
        # Two processes that start runs of different keys must not write one another's states.
        with FileLock(home.locks / "runs.guard", timeout=60):
            stale = fail_stale_runs(home, own_key=key)
            earlier = sorted((state for state in all_states(home.runs) if state.key == key), key=_number)
            if resume and earlier and earlier[-1].status is not RunStatus.FINISHED:
                state, resumed = replace(earlier[-1], status=RunStatus.RUNNING, failure=None, updated=_now()), True
            else:
                number = _number(earlier[-1]) + 1 if earlier else 1
                id_ = _free_id(home, f"{_legal(name)}-{key[:SHORT_KEY]}", number)
                state, resumed = RunState(id_, key, RunStatus.RUNNING, created=_now(), updated=_now()), False
            folder = home.runs / state.id
            folder.mkdir(exist_ok=True)
            state.write(folder)
        _tell(stale, on_stale)
    except BaseException:
        lock.release()
        raise
    logger.info("%s run %s", "Resuming" if resumed else "Starting", state.id)
    return Run(folder, state, lock, resumed=resumed)


def fail_stale_runs(home: Home, *, own_key: str | None = None) -> list[RunState]:
    """Mark runs FAILED that say RUNNING though nobody works on them; returns them.

    Args:
        home: Where runs live.
        own_key: Key whose lock the caller holds: a RUNNING run of it cannot be live.
    """
    stale = []
    for state in all_states(home.runs):
        if state.status is not RunStatus.RUNNING:
            continue
        holder = RunLock(home.locks, state.key).holder()
        if state.key != own_key and holder is not None and holder.is_alive():
            continue
        failure = "its process ended without a word (killed, or the machine went down)"
        failed = replace(state, status=RunStatus.FAILED, failure=failure, updated=_now())
        failed.write(home.runs / state.id)
        logger.warning("Run %s was left RUNNING by a process that is gone; marked FAILED.", state.id)
        stale.append(failed)
    return stale


def end_stale_runs(home: Home, on_stale: Callable[[RunState], None] | None = None) -> list[RunState]:
    """Mark runs FAILED whose process is gone, whatever their key; returns them.

    Args:
        home: Where runs live.
        on_stale: Told of each of them, so that its MLflow run can be marked, too.
    """
    home.locks.mkdir(parents=True, exist_ok=True)
    with FileLock(home.locks / "runs.guard", timeout=60):
        stale = fail_stale_runs(home)
    _tell(stale, on_stale)
    return stale


def _tell(stale: list[RunState], on_stale: Callable[[RunState], None] | None) -> None:
    """Outside the guard: a tracking server that does not answer must neither stop this run nor hold up others."""
    if on_stale is None:
        return
    for state in stale:
        try:
            on_stale(state)
        except Exception as error:
            logger.warning("Could not mark the MLflow run of %s as failed: %s", state.id, error)


def _free_id(home: Home, name: str, number: int) -> str:
    """The first id from ``number`` on that no folder has (one may be left of a run whose state was lost)."""
    while (home.runs / f"{name}-{number}").exists():
        number += 1
    return f"{name}-{number}"


def _number(state: RunState) -> int:
    tail = state.id.rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def _legal(name: str) -> str:
    """A name that is safe as a folder: letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-") or "run"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
