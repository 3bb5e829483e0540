"""Files that are whole or absent, whatever happens to the writer; and small JSON ones."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside ``path`` that takes its place in one step; a kill or a full disk leaves the old content.

    Yields:
        The file to write.

    Raises:
        OSError: The disk is full or the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        yield temporary
        os.fsync(handle)
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace ``path`` in one step; a kill or a full disk leaves the old content.

    Raises:
        OSError: The disk is full or the folder cannot be written to.
        TypeError: ``content`` holds something JSON cannot.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=True) + "\n"
    with replacing(path) as file:
        file.write_text(text, encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """The object in ``path``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not a JSON object.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path} should hold a JSON object, got {type(content).__name__}")
    return content
