"""Typed checks of the raw columns: names and types, before a value is read."""

from typing import Any

import polars as pl

from tasks.domain import Column
from tasks.errors import DataError
from tasks.ingestion.raw import RawLog

ID_TYPES = "text or whole numbers"
"""What identifiers may be."""


def check_schema(raw: RawLog) -> None:
    """Check every raw column against the expected type, through a dataframely column.

    Only the schema is resolved; the rows stay unread.

    Raises:
        DataError: A column is missing or has another type; names file and column.

    """
    found = resolve(raw.rows, describe_files(raw))
    where = describe_files(raw)
    for name, dtype in {**_always(raw), **raw.schema}.items():
        if name not in found:
            raise DataError(
                f"{where}: expected a column {name!r} ({_say(name, dtype)}), found {', '.join(found)}. "
                "Name the right column in the settings of the data set"
            )
        if dtype is not None and not _column(dtype).validate_dtype(found[name]):
            raise DataError(
                f"{where}: expected column {name!r} to hold {_say(name, dtype)}, found {found[name]}. "
                "Convert the column, or name another one in the settings of the data set"
            )
    _check_identifiers(found, where)
    _check_times(found, raw, where)
    for role, frame, column in (
        ("user_features", raw.user_features, Column.USER_ID),
        ("item_features", raw.item_features, Column.ITEM_ID),
    ):
        if frame is not None and column not in resolve(frame, f"{role} of {where}"):
            raise DataError(f"{role} of {where}: expected a column {column!r}. Name the identifier column like that")


def resolve(frame: pl.LazyFrame, where: str) -> pl.Schema:
    """The schema of a scan, without its rows.

    Raises:
        DataError: The file cannot be read.

    """
    try:
        return frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{where} cannot be read: {first_line(error)}") from error


def collect(frame: pl.LazyFrame, where: str) -> pl.DataFrame:
    """Read the rows of a scan.

    Raises:
        DataError: They cannot be read, or a value is not of its column's type.

    """
    try:
        return frame.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{where} cannot be read as expected: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    line = first_line(error)
    if "utf-8" in line.lower() or "utf8" in line.lower():
        return f"it is not UTF-8 text ({line}). Convert it to UTF-8, or set dataset.encoding (for example latin-1)"
    if "conversion" in line:
        return f"{line}. Correct these values, or name the right column"
    return line


def describe_files(raw: RawLog) -> str:
    """The file of the log (or the first of them), for messages."""
    if not raw.files:
        return raw.name
    more = f" and {len(raw.files) - 1} more" if len(raw.files) > 1 else ""
    return f"{raw.files[0].path}{more}"


def first_line(error: BaseException) -> str:
    """The first line of a library's message; the rest describes its plan."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _always(raw: RawLog) -> dict[str, pl.DataType | None]:
    needed: dict[str, pl.DataType | None] = {Column.USER_ID: None, Column.ITEM_ID: None}
    if raw.roles.has_times:
        needed[Column.TIMESTAMP] = None
    if raw.visit == "visit_id":
        needed[Column.VISIT_ID] = None
    if raw.kinds is not None:
        needed[Column.KIND] = None
    return needed


def _say(name: str, dtype: pl.DataType | None) -> str:
    if dtype is not None:
        return str(dtype)
    return ID_TYPES if name != Column.TIMESTAMP else "dates or times"


def _column(dtype: pl.DataType) -> Any:
    import dataframely as dy  # a third of a second that other commands need not wait for

    if isinstance(dtype, pl.Datetime):
        return dy.Datetime(nullable=True, time_unit=dtype.time_unit, time_zone=dtype.time_zone)
    simple = getattr(dy, "Bool" if dtype == pl.Boolean else str(dtype), None)
    return dy.Any() if simple is None else simple(nullable=True)


def _check_identifiers(found: pl.Schema, where: str) -> None:
    for name in (Column.USER_ID, Column.ITEM_ID):
        if found[name] != pl.String and not found[name].is_integer():
            raise DataError(f"{where}: expected column {name!r} to hold {ID_TYPES}, found {found[name]}. Convert it")


def _check_times(found: pl.Schema, raw: RawLog, where: str) -> None:
    if not raw.roles.has_times:
        return
    dtype = found[Column.TIMESTAMP]
    aware = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    if dtype != pl.Date and not aware:
        raise DataError(
            f"{where}: expected column {Column.TIMESTAMP!r} to hold dates, or times with a time zone, found {dtype}. "
            "Say how times are written in the settings of the data set"
        )
