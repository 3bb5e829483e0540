"""Uses of methods in a folder of results: one file of figures per use, method and seed, and one of notes.

The notes are written last, so what is stored is whole or absent.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tasks.errors import DataError
from tasks.results.store import read_manifest, replace_parquet
from tasks.runs.files import read_json, write_json
from tasks.uses.use import UNIT

_DIGITS = 12
"""Of the digest, in the name of a file."""
_NOTED = ("split", "role", "version", "use_version", "evaluate", "trials", "half_a", "notes", "seconds", "cell")


@dataclass(frozen=True, slots=True)
class UsedKey:
    """What makes a measured use this one and no other.

    Attributes:
        dataset: Name of the data set.
        question: Name of the question.
        use: Name of the use.
        method: Name of the method or yardstick.
        seed: Of the model.
        digest: sha256 over the digest of the method's cell, the use and its version; 64 hexadecimal digits.

    """

    dataset: str
    question: str
    use: str
    method: str
    seed: int
    digest: str

    @property
    def name(self) -> str:
        """Path below ``uses/`` without ending: ``ta_feng/next_visits/rerank/popularity/0-1a2b3c4d5e6f``."""
        return f"{self.dataset}/{self.question}/{self.use}/{self.method}/{self.seed}-{self.digest[:_DIGITS]}"


@dataclass(frozen=True)
class Used:
    """How well one method serves one use, with one seed.

    Attributes:
        key: Which one this is.
        split: Name of the split.
        role: Of the method; yardsticks are baselines.
        version: Version of the method's arithmetic.
        use_version: Version of the use's.
        evaluate: ``test`` or ``validation``: whose figures these are.
        trials: Number of settings that were tried on half A.
        half_a: Means on half A by ``<figure>/<shots>``.
        notes: What the use says beside its figures.
        seconds: Time by stage: ``fit``, ``measure``.
        frame: ``unit`` (Int32) and Float32 columns ``<figure>/<shots>``; see ``tasks.uses.use.Measured``.
        cell: Name of the method's cell; empty for a yardstick, which has none.

    """

    key: UsedKey
    split: str
    role: str
    version: int
    use_version: int
    evaluate: str
    trials: int
    half_a: Mapping[str, float]
    notes: Mapping[str, Any]
    seconds: Mapping[str, float]
    frame: pl.DataFrame = field(repr=False)
    cell: str = ""

    def __post_init__(self) -> None:
        kinds = dict(self.frame.schema)
        wrong = [name for name, kind in kinds.items() if name != UNIT and (kind != pl.Float32 or "/" not in name)]
        units = self.frame[UNIT] if kinds.get(UNIT) == pl.Int32 else None
        if units is None or wrong or not (units.diff().drop_nulls() > 0).all():
            raise ValueError(f"expected {UNIT} (Int32, ascending) and Float32 columns <figure>/<shots>, got {kinds}")


def has_used(folder: Path, key: UsedKey) -> bool:
    """Whether a finished one lies in a results folder; another digest is another one."""
    table, notes = _paths(folder, key.name)
    return notes.is_file() and table.is_file() and read_json(notes).get("digest") == key.digest


def write_used(folder: Path, used: Used) -> str:
    """Write one, in place of an unfinished one of the same key, and return its name.

    Raises:
        OSError: The disk is full or the folder cannot be written to.

    """
    table, notes = _paths(folder, used.key.name)
    replace_parquet(table, used.frame)
    write_json(notes, asdict(used.key) | {name: getattr(used, name) for name in _NOTED})
    return used.key.name


def read_used(folder: Path, name: str) -> Used:
    """The one of this name.

    Raises:
        DataError: It is missing, unfinished or not readable.

    """
    table, notes = _paths(folder, name)
    try:
        content = read_json(notes)
        key = UsedKey(*(content[part] for part in ("dataset", "question", "use", "method", "seed", "digest")))
        if key.name != name:
            raise ValueError(f"it describes {key.name}")
        return Used(key=key, frame=pl.read_parquet(table), **{part: content[part] for part in _NOTED})
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as problem:
        raise DataError(
            f"{notes.with_suffix('')} should be a measured use (.parquet and .json): {problem}; "
            "run the benchmark again, or restore the file from version control"
        ) from problem


def read_uses(folder: Path) -> tuple[Used, ...]:
    """All that the manifest names, but for what belongs to cells that it does not name any more.

    Raises:
        DataError: One is missing, cannot be read, or is about other users than the manifest says.

    """
    manifest = read_manifest(folder)
    found = tuple(read_used(folder, name) for name in manifest.uses)
    others = sorted(one.key.name for one in found if one.evaluate != manifest.evaluate)
    if others:
        raise DataError(f"{folder}/manifest.json speaks of {manifest.evaluate}, but {others[0]} is of another part")
    return tuple(one for one in found if not one.cell or one.cell in manifest.cells)


def _paths(folder: Path, name: str) -> tuple[Path, Path]:
    """Where the figures lie, and the notes on them."""
    path = folder / "uses" / name
    return path.with_name(f"{path.name}.parquet"), path.with_name(f"{path.name}.json")
