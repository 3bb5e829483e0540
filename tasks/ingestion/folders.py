"""Where data lie: the user's cache, and copies of data sets the user keeps."""

import os
from pathlib import Path

from platformdirs import user_cache_dir

from tasks.errors import DataError

CACHE_VARIABLE = "COLDCART_CACHE"
DATA_VARIABLE = "COLDCART_DATA_DIR"


def cache_folder() -> Path:
    """Folder for downloads: ``COLDCART_CACHE``, else the user's cache folder (``~/.cache/coldcart`` on Linux)."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else Path(user_cache_dir("coldcart"))


def data_folder() -> Path | None:
    """Folder in which the user keeps data sets, one folder each: ``COLDCART_DATA_DIR``.

    Raises:
        DataError: The variable names no folder.

    """
    named = os.environ.get(DATA_VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"{DATA_VARIABLE}={named} is not a folder: correct or unset the variable")
    return folder


def local_copy(dataset: str, path: str | None) -> Path | None:
    """The user's own copy of a data set: ``dataset.path``, else its folder under ``COLDCART_DATA_DIR``.

    Args:
        dataset: Name of the data set, also the name of its folder.
        path: The setting ``dataset.path``.

    Returns:
        A file or folder; None where the user keeps no copy.

    Raises:
        DataError: ``path`` does not exist.

    """
    if path is not None:
        named = Path(path).expanduser()
        if not named.exists():
            raise DataError(
                f"dataset.path={path} does not exist (from {Path.cwd()}): name a file or folder of {dataset}"
            )
        return named
    folder = data_folder()
    if folder is None or not (folder / dataset).is_dir():
        return None
    return folder / dataset


def files_of(copy: Path, suffixes: tuple[str, ...], dataset: str) -> tuple[Path, ...]:
    """The files of a data set in a copy, in order of name.

    Args:
        copy: A file, or a folder of files.
        suffixes: Endings of usable file names, the preferred one first; only files of one ending are returned.
        dataset: Name of the data set, for messages.

    Raises:
        DataError: Nothing usable is there.

    """
    if copy.is_file():
        if copy.name.lower().endswith(suffixes):
            return (copy,)
        raise DataError(f"{copy}: {dataset} is read from files ending in {' or '.join(suffixes)}, got {copy.name}")
    for suffix in suffixes:
        found = tuple(sorted(file for file in copy.iterdir() if file.is_file() and file.name.lower().endswith(suffix)))
        if found:
            return found
    raise DataError(f"{copy}: no file of {dataset} there, expected one ending in {' or '.join(suffixes)}")


def ways_on(dataset: str) -> str:
    """What a user can do when a data set cannot be had, as one sentence."""
    folder = os.environ.get(DATA_VARIABLE)
    place = (
        f"{folder}/{dataset}, which is not there"
        if folder
        else f"a folder {dataset} in a folder named by {DATA_VARIABLE}"
    )
    return (
        f"Two ways to go on: name a copy with dataset.path=<file or folder> (or put it into {place}); "
        f"or run again with access to the network (downloads are kept in {cache_folder()})"
    )
