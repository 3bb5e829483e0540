"""Files that are made once and kept: whole or not at all, and checked whenever they are used again."""

import errno
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from tasks.errors import DataError
from tasks.ingestion.folders import CACHE_VARIABLE
from tasks.ingestion.raw import SourceFile

log = logging.getLogger(__name__)


def source_file(path: Path) -> SourceFile:
    """A file with the digest of its bytes."""
    try:
        with path.open("rb") as stream:
            return SourceFile(path, hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def cached(target: Path, make: Callable[[Path], None], sha256: str | None = None) -> SourceFile:
    """A file from the cache, made at its first use.

    It is made in a folder of its own beside the target and moved into place when it is complete and on
    the disk. A lock lets two processes that want it at once make it once. Its digest is written beside it in
    the format of ``sha256sum``; a file that no longer has that digest is made again.

    Args:
        target: The file in the cache.
        make: Writes the file to the path it is given; the folder of that path is its own to use.
        sha256: The digest the file must have, hex; None where it is not known beforehand.

    Raises:
        DataError: The digest is a wrong one, the disk is full, or the cache cannot be written.

    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        found = _intact(target, sha256)
        if found is not None:
            return found
        with _lock(target):
            return _intact(target, sha256) or _make(target, make, sha256)
    except OSError as error:
        raise _unwritten(target, error) from error


def _intact(target: Path, sha256: str | None) -> SourceFile | None:
    """The file if it is there and as it was made."""
    note = _note(target)
    if not target.is_file() or not note.is_file():
        return None
    noted = note.read_text(encoding="utf-8").split(" ")[0]
    found = source_file(target)
    if found.sha256 != noted or (sha256 is not None and found.sha256 != sha256):
        log.warning("%s was changed or damaged: obtaining it again", target)
        return None
    return found


def _make(target: Path, make: Callable[[Path], None], sha256: str | None) -> SourceFile:
    prefix = f".{target.name}.partial-"
    for leftover in target.parent.glob(f"{prefix}*"):  # of a process that was killed: we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix, ignore_cleanup_errors=True) as folder:
        partial = Path(folder) / target.name
        make(partial)
        digest = source_file(partial).sha256
        if sha256 is not None and digest != sha256:
            raise DataError(
                f"{target.name} has a wrong checksum and is not used: expected sha256 {sha256}, got {digest}. "
                "Another file stands at its address, or something on the way changed it"
            )
        note = Path(folder) / _note(target).name
        note.write_text(f"{digest}  {target.name}\n", encoding="utf-8")
        for file in (partial, note):
            _to_disk(file)
        # The file first: between the two moves it has no fitting note and counts as absent.
        os.replace(partial, target)
        os.replace(note, _note(target))
        _to_disk(target.parent)
    return SourceFile(target, digest)


def _note(target: Path) -> Path:
    return target.with_name(f"{target.name}.sha256")


def _lock(target: Path) -> FileLock:
    """The lock of a target, held; the operating system frees it when its owner dies."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0.5)
        lock.release()
    except Timeout:
        log.info("Waiting for another process that is obtaining %s", target.name)
    return lock


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritten(target: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"The disk is full: {target.name} could not be kept in {target.parent}. "
            f"Make room there, or name another folder with {CACHE_VARIABLE}=<folder>"
        )
    return DataError(
        f"{target} could not be written ({error.strerror or error}): "
        f"make the folder writable, or name another with {CACHE_VARIABLE}=<folder>"
    )
