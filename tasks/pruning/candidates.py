"""What lies in a home and in the cache, how old it is, and why some of it stays."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tasks.pruning.settings import Kind, PruneSettings
from tasks.runs import Home, RunLock
from tasks.runs.state import RunState, RunStatus, all_states

CALM_SECONDS = 86_400.0
"""What has no lock stays this long after its last use, whatever age is asked for: somebody may be at work on it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that might be removed.

    Attributes:
        kind: What it is.
        path: File or folder.
        used: Last change or use, seconds since 1970.
        size: Bytes on the disk.
        kept: Why it stays; None where it may go.
        state: Of a run.

    """

    kind: Kind
    path: Path
    used: float
    size: int
    kept: str | None = None
    state: RunState | None = None


def candidates(
    settings: PruneSettings, home: Home, cache: Path, registered: Collection[str], now: float
) -> list[Candidate]:
    """Everything old enough, with the reason where it stays; by kind, oldest first.

    Args:
        settings: Age and kinds.
        home: Where state lives.
        cache: Folder of downloads (``cache_folder``).
        registered: MLflow run ids that registered models come from.
        now: Seconds since 1970.

    """
    everything = [
        *_runs(home, registered, now),
        *_plain(home.root / "benchmark" / "generators", "generator", folders=True),
        *_plain(home.root / "benchmark" / "studies", "study", folders=False),
        *_cached(cache),
        *_plain(home.downloads, "download", folders=True),
        *_plain(home.root / "sweeps", "sweep", folders=True),
        *_plain(home.logs, "log", folders=False),
    ]
    wanted = settings.kinds
    old = [one for one in everything if now - one.used >= settings.seconds and (wanted is None or one.kind in wanted)]
    lockless = ("study", "download", "sweep")
    return [
        replace(one, kept="used within the last day") if one.kind in lockless and now - one.used < CALM_SECONDS else one
        for one in sorted(old, key=lambda one: (one.kind, one.used))
    ]


def _runs(home: Home, registered: Collection[str], now: float) -> Iterator[Candidate]:
    states = list(all_states(home.runs))
    live = {state.id for state in states if state.status is RunStatus.RUNNING and in_use(home, state)}
    for state in states:
        folder = home.runs / state.id
        used, reason = _since(state.updated, now), None
        if state.id in live:
            reason = "a process is at work on it"
        elif str(state.stages.get("sweep", {}).get("id")) in live:
            reason = "a sweep at work counts it among its trials"
        elif state.mlflow_run_id in registered:
            reason = "a registered model comes from it"
            checkpoints = folder / "stages"
            if state.status is RunStatus.FINISHED and checkpoints.is_dir():
                yield Candidate("checkpoint", checkpoints, used, size_of(checkpoints), None, state)
        yield Candidate("run", folder, used, size_of(folder), reason, state)


def in_use(home: Home, state: RunState) -> bool:
    """Whether a live process holds the lock of a run's key."""
    holder = RunLock(home.locks, state.key).holder()
    return holder is not None and holder.is_alive()


def _plain(folder: Path, kind: Kind, *, folders: bool) -> Iterator[Candidate]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() == folders and not path.name.startswith("."):
            yield Candidate(kind, path, last_use(path), size_of(path))


def _cached(cache: Path) -> Iterator[Candidate]:
    """Files with the note of their digest beside them, and what is left of those that were never completed."""
    for note in sorted(cache.rglob("*.sha256")) if cache.is_dir() else ():
        file = note.with_name(note.name.removesuffix(".sha256"))
        if file.is_file():
            yield Candidate("cache", file, last_use(file), size_of(file))
    for left in sorted(cache.rglob(".*.partial-*")) if cache.is_dir() else ():
        yield Candidate("cache", left, last_use(left), size_of(left))


def last_use(path: Path) -> float:
    """Newest time of change or reading of a file, or of anything in a folder; seconds since 1970."""
    times = [0.0]
    for one in (path, *(path.rglob("*") if path.is_dir() else ())):
        try:
            status = one.lstat()
        except OSError:
            continue
        # Looking into a folder counts as reading it.
        times.append(status.st_mtime if one.is_dir() else max(status.st_mtime, status.st_atime))
    return max(times)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not path.is_dir():
        return path.lstat().st_size if path.exists() else 0
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += (Path(folder) / name).lstat().st_size
            except OSError:
                continue
    return total


def _since(text: str, now: float) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return now
