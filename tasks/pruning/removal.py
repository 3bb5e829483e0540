"""Removing: first out of sight in one step, then bit by bit; a kill in between leaves rubbish, nothing half there."""

import logging
import os
import shutil
import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from tasks.errors import LockedError
from tasks.pruning.candidates import Candidate
from tasks.runs import Home, RunLock
from tasks.runs.state import RunState

logger = logging.getLogger(__name__)


def empty_trash(home: Home) -> None:
    """Finish what an earlier removal could not."""
    shutil.rmtree(home.trash, ignore_errors=True)


def remove(candidate: Candidate, home: Home) -> str | None:
    """Remove one thing; returns why it stays after all, None where it is gone.

    What somebody took up since it was looked at, or holds a lock on, stays.
    """
    try:
        if candidate.state is not None:
            return _remove_run(candidate, candidate.state, home)
        if candidate.kind == "cache":
            return _remove_cached(candidate.path)
        if candidate.kind == "generator":
            with FileLock(candidate.path.with_suffix(".lock"), timeout=0):
                _away(candidate.path, home)
            return None
        _away(candidate.path, home)
    except (LockedError, Timeout):
        return "a process is at work on it"
    except OSError as error:
        return f"it cannot be removed ({error.strerror or error})"
    return None


def _remove_run(candidate: Candidate, state: RunState, home: Home) -> str | None:
    with RunLock(home.locks, state.key), FileLock(home.locks / "runs.guard", timeout=60):
        try:
            if RunState.read(home.runs / state.id).updated != state.updated:
                return "it was gone on with"
        except FileNotFoundError:
            return None
        _out_of_sight(candidate.path, home)
    empty_trash(home)
    return None


def _remove_cached(path: Path) -> str | None:
    """The note goes first: without it the file counts as absent, and is made again."""
    if path.is_dir():
        shutil.rmtree(path)
        return None
    with FileLock(path.with_name(f".{path.name}.lock"), timeout=0):
        path.with_name(f"{path.name}.sha256").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return None


def _away(path: Path, home: Home) -> None:
    _out_of_sight(path, home)
    empty_trash(home)


def _out_of_sight(path: Path, home: Home) -> None:
    home.trash.mkdir(parents=True, exist_ok=True)
    os.replace(path, home.trash / f"{uuid.uuid4().hex[:8]}-{path.name}")
