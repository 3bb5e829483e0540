"""Tables that people hand in and take away: CSV or Parquet, told apart by the name."""

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tasks.errors import DataError
from tasks.ingestion.columns import require_columns
from tasks.ingestion.schema import first_line

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".csv.gz")
TSV = (".tsv", ".tsv.gz")


def read_table(name: str, setting: str, keys: Sequence[str], others: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a table. Columns of a CSV are text, so that ids keep their leading zeros; those of Parquet stay as they are.

    Args:
        name: The file.
        setting: The setting that names it, for messages.
        keys: Columns of ids it must have.
        others: Columns to read where it has them; None reads all.

    Raises:
        DataError: The file is missing, empty, of an unknown kind, or cannot be read, or a column is missing.

    """
    path = Path(name).expanduser()
    if not path.is_file():
        raise DataError(f"{setting}={name}: there is no such file (from {Path.cwd()})")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty: expected a table with the columns {', '.join(keys)}")
    try:
        frame = _scan(path, setting)
        frame.collect_schema()
        require_columns(frame, keys, path)
        if others is not None:
            present = frame.collect_schema().names()
            frame = frame.select(*keys, *(column for column in others if column in present))
        table = frame.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}. {_expected(path)}") from error
    for key in keys:
        dtype = table.schema[key]
        if dtype.is_nested() or dtype in (pl.Boolean, pl.Binary, pl.Object):
            raise DataError(f"{path}: expected column {key!r} to hold ids (text or whole numbers), found {dtype}")
    return table


def _scan(path: Path, setting: str) -> pl.LazyFrame:
    name = path.name.lower()
    if name.endswith(PARQUET):
        return pl.scan_parquet(path, glob=False)
    if name.endswith((*CSV, *TSV)):
        separator = "\t" if name.endswith(TSV) else ","
        return pl.scan_csv(path, separator=separator, infer_schema=False, glob=False)
    raise DataError(f"{setting}={path}: expected a name that ends in .parquet or .csv (or .tsv)")


def _expected(path: Path) -> str:
    if path.name.lower().endswith(PARQUET):
        return "Expected a Parquet file"
    return "Expected UTF-8 text with a header and the same number of fields in every row"


def check_output(name: str, setting: str, inputs: Sequence[str | None]) -> Path:
    """The file that a table will be written to; its folder is made.

    Args:
        name: The file.
        setting: The setting that names it, for messages.
        inputs: Files that are read, which must not be replaced.

    Raises:
        DataError: It is of an unknown kind, is a folder or an input, or it or its folder cannot be made.

    """
    path = Path(name).expanduser()
    if not path.name.lower().endswith((*PARQUET, ".csv")):
        raise DataError(f"{setting}={name}: expected a name that ends in .parquet or .csv")
    if path.is_dir():
        raise DataError(f"{setting}={name} is a folder: name a file in it")
    if path.exists() and any(given is not None and _same(path, given) for given in inputs):
        raise DataError(f"{setting}={name} is one of the inputs: name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{setting}={name}: its folder cannot be made ({error.strerror})") from error
    probe = _partial(path)
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DataError(
            f"{setting}={name} cannot be written ({error.strerror}): name a file in a folder you may write to"
        ) from error
    return path


def _partial(path: Path) -> Path:
    """Where a table is written before it takes its place."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _same(path: Path, given: str) -> bool:
    other = Path(given).expanduser()
    return other.exists() and path.samefile(other)


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table, whole or not at all; an earlier file is replaced in one step.

    Raises:
        DataError: It cannot be written (a full disk, missing rights); an earlier file is left as it was.

    """
    partial = _partial(path)
    try:
        with partial.open("wb") as file:
            if path.name.lower().endswith(PARQUET):
                table.write_parquet(file)
            else:
                table.write_csv(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path} cannot be written: {first_line(error)}. Make room, or name another file") from error
    finally:
        partial.unlink(missing_ok=True)
