"""Checks and small readings of columns that several sources share."""

from collections.abc import Iterable

import polars as pl

from tasks.errors import DataError


def require_columns(frame: pl.LazyFrame, wanted: Iterable[str], file: object) -> None:
    """Check that a scanned file can be read and has these columns; reads the header only.

    Args:
        frame: The scan.
        wanted: Names of columns.
        file: Names the file in messages.

    Raises:
        DataError: It cannot be read, or a column is missing.

    """
    try:
        found = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(f"{file}: expected the columns {', '.join(missing)}, found {', '.join(found)}")


def known(column: str, *unknown: str) -> pl.Expr:
    """A text column with its words for "unknown" as null."""
    text = pl.col(column)
    return pl.when(~text.is_in(["", *unknown])).then(text)


def within(value: pl.Expr, lowest: float, highest: float) -> pl.Expr:
    """Numbers outside a possible range (inclusive) become null: what is impossible is unknown."""
    return pl.when(value.is_between(lowest, highest)).then(value)
