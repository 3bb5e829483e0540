"""Which code a run is made by: package version, hash of the sources and their configuration, git commit."""

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tasks.runs.home import REPOSITORY

SOURCES = ("flows/*.py", "tasks/*.py", "lightning_modules/*.py", "conf/*.yaml")
"""In all folders below. Baselines and metrics are built from their files in conf/, which no run's settings repeat."""


@dataclass(frozen=True, slots=True)
class CodeState:
    """The code at hand.

    Attributes:
        version: Package version and hash of Python files and configuration, like ``0.1.0+3f2a…`` (64 hex digits).
        commit: Git commit, 40 hex digits, or None outside a checkout.
        dirty: Whether tracked files differ from the commit.

    """

    version: str
    commit: str | None
    dirty: bool


def code_state(root: Path = REPOSITORY) -> CodeState:
    """State of the checkout at ``root``, read from the files as they are now (about 0.1 s)."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    digest = _digest(root, _sources(root))
    return CodeState(
        version=f"{_package_version()}+{digest}",
        commit=commit.strip() if commit else None,
        dirty=bool(changes and changes.strip()),
    )


def _package_version() -> str:
    try:
        return version("coldcart")
    except PackageNotFoundError:
        return "0"


def _sources(root: Path) -> Sequence[str]:
    """Our Python and configuration files, relative; a component that is not committed yet is one of them."""
    # Of what git ignores, editors' copies for example, nothing counts.
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SOURCES)
    if listed:
        return sorted({name for name in listed.split("\0") if name})
    found = (path for pattern in SOURCES for path in root.glob(pattern.replace("/", "/**/")))
    return sorted(path.relative_to(root).as_posix() for path in found)


def _digest(root: Path, names: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        path = root / name
        # A tracked file that was removed counts as empty: it changes the hash, it does not stop the run.
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _git(root: Path, *arguments: str) -> str | None:
    """Output of git, or None where there is no git, no checkout, or git refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
