"""Queries against the databases of shops: PostgreSQL and SQLite, through ADBC."""

import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl

from tasks.addresses import address, without_secrets
from tasks.errors import DataError


def sqlite_file(uri: str) -> Path | None:
    """The file that a SQLite URI names (``sqlite:///relative.db``, ``sqlite:////absolute.db``); None for other URIs."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path[1:])) if parts.scheme == "sqlite" else None


def read_query(uri: str, query: str) -> pl.DataFrame:
    """The rows of a query, in an order that does not depend on the database.

    Args:
        uri: ``postgresql://user@host:port/database`` or ``sqlite:////absolute/path.db``.
        query: SQL that selects the rows.

    Returns:
        The rows, sorted by all columns from left to right.

    Raises:
        DataError: The database cannot be reached, or does not answer the query; passwords are left out.

    """
    file = sqlite_file(uri)
    if file is not None and not file.is_file():  # SQLite would make an empty one
        raise DataError(
            f"dataset.uri: the SQLite file {file} does not exist (from {Path.cwd()}). "
            "An absolute path has four slashes: sqlite:////data/shop.db"
        )
    if urlsplit(uri).scheme not in ("sqlite", "postgresql", "postgres"):
        raise DataError(
            f"dataset.uri must begin with postgresql:// or sqlite:///, got {urlsplit(uri).scheme or 'no scheme'}. "
            "Export the log of another database to CSV or Parquet and use dataset=file"
        )
    try:
        frame = _plain(pl.read_database_uri(query, uri, engine="adbc"))
    except Exception as error:  # the drivers raise errors of their own
        raise DataError(f"The query at {address(uri)} failed: {_said(error, uri)}") from None
    return frame.sort(frame.columns) if frame.width else frame


def digest(frame: pl.DataFrame) -> str:
    """sha256 over a frame's names, types and values, hex."""
    return hashlib.sha256(frame.rechunk().write_ipc_stream(None).getbuffer()).hexdigest()


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Types of the database's own, such as PostgreSQL's NUMERIC, as what they are kept in: text."""
    return frame.with_columns(
        pl.col(name).ext.storage() for name, dtype in frame.schema.items() if dtype.is_extension()
    )


def _said(error: Exception, uri: str) -> str:
    """The driver's words on one line, its secrets struck out."""
    return without_secrets(" ".join(str(error).split()), uri)
