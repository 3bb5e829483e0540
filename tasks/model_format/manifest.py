"""The list of a model's files with their digests: what was written is what is read."""

import hashlib
import json
from pathlib import Path

from tasks.errors import ModelError
from tasks.model_format.paths import files_in, inside

MANIFEST = "manifest.json"


def sha256_of(path: Path) -> str:
    """sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Write ``manifest.json``: the sha256 of every other file in the folder."""
    digests = {name: sha256_of(inside(folder, name)) for name in files_in(folder) if name != MANIFEST}
    text = json.dumps({"sha256": digests}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def check_manifest(folder: Path) -> None:
    """Compare every file with ``manifest.json``.

    Raises:
        ModelError: A file is missing, changed or not listed; the message names it.

    """
    path = folder / MANIFEST
    try:
        digests = json.loads(path.read_text(encoding="utf-8"))["sha256"]
        listed = {str(name): str(digest) for name, digest in digests.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: expected the list of the model's files, got {error!r}") from error
    found = set(files_in(folder)) - {MANIFEST}
    for name, digest in sorted(listed.items()):
        file = inside(folder, name)
        if name not in found:
            raise ModelError(f"{folder}: the file {name} is missing; copy the whole folder again")
        if sha256_of(file) != digest:
            raise ModelError(
                f"{folder}: the file {name} was changed or damaged since the model was saved; copy it again"
            )
    surplus = sorted(found - set(listed))
    if surplus:
        raise ModelError(f"{folder}: the file {surplus[0]} does not belong to the model; remove it")
