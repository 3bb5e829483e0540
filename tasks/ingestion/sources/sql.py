"""A log in a database: a query against PostgreSQL or SQLite."""

import os
from dataclasses import dataclass
from pathlib import Path

from tasks.addresses import address, carries_password
from tasks.errors import ConfigError, DataError
from tasks.ingestion.database import digest, read_query
from tasks.ingestion.own_log import OwnLog
from tasks.ingestion.raw import RawLog, SourceFile

NAME = "sql"
URI_VARIABLE = "COLDCART_SQL_URI"


@dataclass(frozen=True, kw_only=True)
class Sql(OwnLog):
    """The rows of a query, read at the start of a run; the digest of the log is that of these rows.

    What its columns are called stands in ``OwnLog``. Settings are kept with every run, so a URI among them must not
    carry a password. PostgreSQL takes it from ``~/.pgpass`` or the environment variable ``PGPASSWORD``; or the whole
    URI comes from ``COLDCART_SQL_URI``.

    Attributes:
        uri: ``postgresql://user@host:port/database`` or ``sqlite:////absolute/path.db``; null: ``COLDCART_SQL_URI``.
        query: SQL that selects the events.

    """

    uri: str | None = None
    query: str = "SELECT * FROM events"

    def __post_init__(self) -> None:
        if self.uri is not None and carries_password(self.uri):
            # No ValueError: whoever reports one may quote the value.
            raise ConfigError(
                f"dataset.uri must not carry a password, it would be kept with the run: give {address(self.uri)} with "
                f"the user only, and the password in PGPASSWORD or ~/.pgpass, or the whole URI in {URI_VARIABLE}"
            )
        super().__post_init__()

    def check(self) -> None:
        """See that a database is named.

        Raises:
            DataError: None is.
        """
        self._uri()

    def _uri(self) -> str:
        uri = self.uri or os.environ.get(URI_VARIABLE)
        if not uri:
            raise DataError(
                "dataset=sql needs a database: name it with dataset.uri=postgresql://user@host/database or "
                f"dataset.uri=sqlite:////absolute/path.db, or in the environment variable {URI_VARIABLE}"
            )
        return uri

    def load(self, cache: Path) -> RawLog:
        """Run the queries; see ``DatasetSource``. Nothing is cached."""
        uri = self._uri()
        frames = {"events": self.query, "user_features": self.user_features, "item_features": self.item_features}
        read = {role: read_query(uri, query) for role, query in frames.items() if query is not None}
        if read["events"].is_empty():
            raise DataError(f"The query at {address(uri)} gave no rows: correct dataset.query={self.query!r}")
        files = tuple(SourceFile(Path(f"{role} at {_shown(uri)}"), digest(frame)) for role, frame in read.items())
        tables = {role: frame.lazy() for role, frame in read.items() if role != "events"}
        return self.mapping().apply(
            read["events"].lazy(), name=NAME, where=f"The query at {address(uri)}", files=files, **tables
        )


def _shown(uri: str) -> str:
    """The database for messages, in a form that survives as a path."""
    return address(uri).split("://", 1)[-1].lstrip("/")
