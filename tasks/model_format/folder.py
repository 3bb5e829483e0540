"""Writing and reading a model folder: JSON, Parquet, and parts that write themselves; whole or absent."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from safetensors import SafetensorError

from tasks.errors import ModelError
from tasks.model_format.manifest import check_manifest, write_manifest
from tasks.model_format.paths import inside


class FolderWriter:
    """Writes the parts of a model into one folder; get one from ``writing``.

    Args:
        root: The folder.

    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write plain values; keys are sorted, so that equal contents are equal bytes."""
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
        self._place(name, ".json").write_text(text, encoding="utf-8")

    def write_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Write a table as Parquet."""
        frame.write_parquet(self._place(name, ".parquet"), compression="zstd")

    def subfolder(self, name: str) -> Path:
        """A folder for a part that writes itself; what it leaves must be data files too."""
        path = inside(self.root, f"{name}.json").with_suffix("")
        path.mkdir(parents=True)
        return path

    def _place(self, name: str, suffix: str) -> Path:
        path = inside(self.root, name)
        if path.suffix != suffix:
            raise ValueError(f"expected a name that ends in {suffix}, got {name!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class FolderReader:
    """Reads what ``FolderWriter`` wrote; checks the digest of every file first, and executes nothing.

    Args:
        root: The folder.

    Raises:
        ModelError: A file is missing, changed, surplus, or no plain data.

    """

    def __init__(self, root: Path) -> None:
        check_manifest(root)
        self.root = root

    def read_json(self, name: str) -> dict[str, Any]:
        """The values of a JSON file."""
        return read_json(inside(self.root, name))

    def read_frame(self, name: str) -> pl.DataFrame:
        """The table of a Parquet file."""
        path = inside(self.root, name)
        try:
            return pl.read_parquet(path, glob=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise ModelError(f"{path}: expected a Parquet table, got {error}") from error

    def subfolder(self, name: str) -> Path:
        """The folder of a part that reads itself.

        Raises:
            ModelError: There is none.

        """
        path = inside(self.root, f"{name}.json").with_suffix("")
        if not path.is_dir():
            raise ModelError(f"{self.root}: the folder {name} is missing; copy the whole model again")
        return path


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        ModelError: The file is missing or holds no JSON object.

    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: expected a JSON object, got {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: expected a JSON object, got {type(content).__name__}")
    return content


@contextmanager
def writing(target: Path, *, replace: bool = False) -> Iterator[FolderWriter]:
    """Write a model folder that is whole or absent, whatever happens to the writer.

    Everything goes to a temporary folder beside ``target``, which takes its name at the end.

    Args:
        target: The folder to make.
        replace: Whether a folder that is there already may be replaced.

    Raises:
        ModelError: There is such a folder already, or it cannot be written (a full disk, missing rights).

    """
    if target.exists() and not replace:
        raise ModelError(f"{target} exists already: choose another folder, or remove it first")
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
        yield FolderWriter(temporary)
        write_manifest(temporary)
        temporary.chmod(0o755)
        _take_place(temporary, target)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{target}: the model could not be written ({error}); nothing was left behind") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _take_place(temporary: Path, target: Path) -> None:
    if not target.exists():
        os.replace(temporary, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.parent))
    os.replace(target, old)
    try:
        os.replace(temporary, target)
    except OSError:
        os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
