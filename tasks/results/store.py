"""A folder of results: one cell per data set, question, method and seed, and the list of those that a report reads.

A cell is a Parquet file of values per user, one of its figures, and a JSON file of what else is known of it. The JSON
file is written last, so a cell is whole or absent, whatever happens to the writer. Nothing here computes anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any

import polars as pl

from tasks.errors import DataError
from tasks.results.cell import Cell, CellKey
from tasks.runs.files import read_json, replacing, write_json

__all__ = [
    "Cell",
    "CellKey",
    "Manifest",
    "Results",
    "has_cell",
    "read_cell",
    "read_manifest",
    "read_results",
    "read_summary_table",
    "replace_parquet",
    "write_cell",
    "write_cost",
    "write_environment",
    "write_manifest",
    "write_users",
]


_NOTES = ("environment.json", "cost.json")
_FIGURES = {
    "metric": pl.String(),
    "k": pl.Int32(),
    "variant": pl.String(),
    "shots": pl.String(),
    "value": pl.Float64(),
    "users": pl.Int32(),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The set of cells that a report reads.

    Attributes:
        evaluate: ``test`` or ``validation``.
        cells: Names of cells (``CellKey.name``).
        uses: Names of measured uses (``UsedKey.name``).

    """

    evaluate: str
    cells: tuple[str, ...]
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Results:
    """Everything that a report is made of.

    Attributes:
        manifest: What was read.
        cells: The cells it names, in its order.
        users: By data set and question: ``user`` (Int32), ``id`` (UInt64) and String columns ``segment_<name>``.
        environment: Hardware, versions and times; empty where nothing was noted.
        cost: ``training_seconds`` on Ta-Feng, ``scoring_milliseconds`` of one new user, ``bytes_per_user_item`` of a
            training's peak memory; as far as they were measured.

    """

    manifest: Manifest
    cells: tuple[Cell, ...]
    users: Mapping[tuple[str, str], pl.DataFrame]
    environment: Mapping[str, Any]
    cost: Mapping[str, float] = field(default_factory=dict)


def has_cell(folder: Path, key: CellKey) -> bool:
    """Whether a finished cell lies in a results folder; another digest is another cell."""
    *tables, notes = _paths(folder, key.name)
    whole = notes.is_file() and all(table.is_file() for table in tables)
    return whole and read_json(notes).get("digest") == key.digest


def write_cell(folder: Path, cell: Cell) -> str:
    """Write a cell, in place of an unfinished one of the same key, and return its name.

    Raises:
        OSError: The disk is full or the folder cannot be written to.

    """
    table, figures, notes = _paths(folder, cell.key.name)
    replace_parquet(table, cell.per_user)
    replace_parquet(figures, pl.DataFrame(_plain(cell.figures), schema=_FIGURES, orient="row"))
    key = asdict(cell.key)
    content = {
        "dataset": key.pop("dataset"),
        "split": cell.split,
        **key,
        "role": cell.role,
        "version": cell.version,
        "evaluate": cell.evaluate,
        "trials": cell.trials,
        "settings": cell.settings,
        "half_a": cell.half_a,
        "shares": list(cell.shares),
        "seconds": cell.seconds,
        "edges": list(cell.edges),
    }
    write_json(notes, _plain(content))
    return cell.key.name


def read_cell(folder: Path, name: str) -> Cell:
    """The cell of this name.

    Raises:
        DataError: It is missing, unfinished or not readable.

    """
    table, figures, notes = _paths(folder, name)
    try:
        content = read_json(notes)
        key = CellKey(*(content[part] for part in ("dataset", "question", "method", "seed", "digest")))
        if key.name != name:
            raise ValueError(f"it describes {key.name}")
        return Cell(
            key=key,
            half_a={shots: _number(value) for shots, value in content["half_a"].items()},
            figures=tuple(
                {**figure, "value": _number(figure["value"])} for figure in pl.read_parquet(figures).to_dicts()
            ),
            per_user=pl.read_parquet(table),
            shares=tuple(content["shares"]),
            edges=tuple(content["edges"]),
            **{part: content[part] for part in ("split", "role", "version", "evaluate", "trials")},
            **{part: content[part] for part in ("settings", "seconds")},
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as problem:
        raise DataError(
            f"{notes.with_suffix('')} should be a finished cell (.parquet, .figures.parquet and .json): {problem}; "
            "run the benchmark again, or restore the file from version control"
        ) from problem


def write_users(folder: Path, dataset: str, question: str, users: pl.DataFrame) -> None:
    """Write who the positions in the cells of a question are: ``user``, ``id`` and ``segment_<name>``.

    Raises:
        ValueError: The columns are others, or ``user`` is not 0 … U−1.

    """
    segments = [name for name in users.columns if name.startswith("segment_")]
    expected = {"user": pl.Int32(), "id": pl.UInt64()} | dict.fromkeys(segments, pl.String())
    if dict(users.schema) != expected or not users["user"].equals(pl.int_range(len(users), dtype=pl.Int32, eager=True)):
        raise ValueError(f"expected user (Int32, 0 …), id (UInt64) and segment_… (String), got {dict(users.schema)}")
    replace_parquet(folder / "users" / dataset / f"{question}.parquet", users)


def write_manifest(folder: Path, evaluate: str, cells: Iterable[str], uses: Iterable[str] = ()) -> None:
    """Name the set of cells, and of measured uses, that a report reads; sorted, each once."""
    content = {"evaluate": evaluate, "cells": sorted(set(cells)), "uses": sorted(set(uses))}
    write_json(folder / "manifest.json", content)


def read_manifest(folder: Path) -> Manifest:
    """The set of cells that a report reads.

    Raises:
        DataError: There is none, or it cannot be read.

    """
    path = folder / "manifest.json"
    try:
        content = read_json(path)
        return Manifest(content["evaluate"], tuple(content["cells"]), tuple(content.get("uses", ())))
    except FileNotFoundError as problem:
        raise DataError(
            f"expected results in {folder}, but there is no {path.name}; run the benchmark first"
        ) from problem
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DataError(f"{path} should hold evaluate and cells: {problem!r}; run the benchmark again") from problem


def write_environment(folder: Path, content: Mapping[str, Any]) -> None:
    """Write hardware, versions and times to ``environment.json``."""
    write_json(folder / "environment.json", content)


def write_cost(
    folder: Path,
    training_seconds: float | None = None,
    scoring_milliseconds: float | None = None,
    bytes_per_user_item: float | None = None,
) -> None:
    """Write what the hybrid was measured to cost, see ``Results.cost``; None keeps what stands there."""
    path = folder / "cost.json"
    given = {
        "training_seconds": training_seconds,
        "scoring_milliseconds": scoring_milliseconds,
        "bytes_per_user_item": bytes_per_user_item,
    }
    known = read_json(path) if path.exists() else {}
    write_json(path, known | {name: value for name, value in given.items() if value is not None})


def read_results(folder: Path) -> Results:
    """Everything that the manifest names.

    Raises:
        DataError: A part is missing, cannot be read, or does not fit the others.

    """
    manifest = read_manifest(folder)
    cells = tuple(read_cell(folder, name) for name in manifest.cells)
    others = sorted(cell.key.name for cell in cells if cell.evaluate != manifest.evaluate)
    if others:
        raise DataError(f"{folder}/manifest.json speaks of {manifest.evaluate}, but {others[0]} is of another part")
    users = {key: _read_users(folder, *key) for key in sorted({(one.key.dataset, one.key.question) for one in cells})}
    for cell in cells:
        known = users[cell.key.dataset, cell.key.question]["user"]
        if not cell.per_user["user"].equals(known):
            raise DataError(
                f"{cell.key.name} should hold the {len(known)} users of users/{cell.key.dataset}/"
                f"{cell.key.question}.parquet in their order, got {len(cell.per_user)}; run the benchmark again"
            )
    environment, cost = (read_json(path) if (path := folder / name).exists() else {} for name in _NOTES)
    return Results(manifest, cells, users, environment, cost)


def read_summary_table(path: Path, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """A summary that the benchmark wrote beside its cells.

    Args:
        path: The file.
        schema: Its columns.

    Raises:
        DataError: It is missing or has other columns.

    """
    if not path.is_file():
        raise DataError(f"expected {path}; the benchmark writes it when it reports: run it with report=only")
    summary = pl.read_parquet(path)
    if dict(summary.schema) != schema:
        raise DataError(f"{path} should have the columns {list(schema)}, got {summary.columns}")
    return summary


def replace_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Replace ``path`` in one step; a kill or a full disk leaves the old content."""
    with replacing(path) as file:
        frame.write_parquet(file, compression="zstd")


def _read_users(folder: Path, dataset: str, question: str) -> pl.DataFrame:
    path = folder / "users" / dataset / f"{question}.parquet"
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise DataError(f"expected the users of {dataset}, {question} in {path}: {problem}") from problem


def _paths(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Where the values per user lie, the figures, and the notes on them."""
    path = folder / "cells" / name
    users, figures, notes = (path.with_name(f"{path.name}{end}") for end in (".parquet", ".figures.parquet", ".json"))
    return users, figures, notes


def _plain(content: Any) -> Any:
    """The content as JSON has it, with null for numbers that are not finite."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if hasattr(content, "item"):  # a number of numpy's
        content = content.item()
    return None if isinstance(content, float) and not isfinite(content) else content


def _number(value: float | None) -> float:
    return nan if value is None else float(value)
