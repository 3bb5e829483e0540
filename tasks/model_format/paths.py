"""Which names a model folder may hold: plain relative paths to data, never to code."""

from pathlib import Path, PurePosixPath

from tasks.errors import ModelError

SUFFIXES = (".json", ".npz", ".parquet", ".safetensors")
"""Kinds of files that hold data only."""


def inside(folder: Path, name: str) -> Path:
    """The path of a file of the model.

    Args:
        folder: The model folder.
        name: Relative path with forward slashes, for example ``recommender/arrays.npz``.

    Raises:
        ModelError: The name leads out of the folder, or to a kind of file that is no plain data.

    """
    parts = PurePosixPath(name).parts
    plain = name == "/".join(parts) and parts and not any(part in ("..", "/") or part.startswith(".") for part in parts)
    if not plain or "\\" in name or ":" in name or "\0" in name:
        raise ModelError(f"{folder}: {name!r} is no plain name of a file inside the model folder")
    if PurePosixPath(name).suffix not in SUFFIXES:
        raise ModelError(f"{folder}: {name!r} is no file of a model, which holds {', '.join(SUFFIXES)} only")
    return folder.joinpath(*parts)


def files_in(folder: Path) -> list[str]:
    """Names of all files below ``folder``, sorted.

    Raises:
        ModelError: Something is neither a plain file nor a folder (a link, for example), or no data.

    """
    names = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ModelError(f"{folder}: {name!r} is a link or no plain file; a model folder holds plain files only")
        if path.is_file():
            inside(folder, name)
            names.append(name)
    return names
