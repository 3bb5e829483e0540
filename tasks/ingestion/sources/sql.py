"""A log in a database: a query against PostgreSQL or SQLite."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from tasks.addresses import address, carries_password
from tasks.domain import LogRoles
from tasks.errors import ConfigError, DataError
from tasks.ingestion.database import digest, read_query
from tasks.ingestion.mapping import LogColumns, LogMapping
from tasks.ingestion.raw import RawLog, SourceFile

NAME = "sql"
URI_VARIABLE = "COLDCART_SQL_URI"


@dataclass(frozen=True)
class Sql:
    """The rows of a query, read at the start of a run; the digest of the log is that of these rows.

    Settings are kept with every run, so a URI among them must not carry a password. PostgreSQL takes it from
    ``~/.pgpass`` or the environment variable ``PGPASSWORD``; or the whole URI comes from ``COLDCART_SQL_URI``.

    Attributes:
        uri: ``postgresql://user@host:port/database`` or ``sqlite:////absolute/path.db``; null: ``COLDCART_SQL_URI``.
        query: SQL that selects the events.
        columns: Names of the columns of the query.
        kinds: Weight per kind of event; needs ``columns.kind``.
        user_categories: Columns with a class of the user, in ``query`` or ``user_features``.
        user_numbers: Columns with a number for the user.
        item_categories: Columns with a class of the item, in ``query`` or ``item_features``.
        item_numbers: Columns with a number for the item.
        item_text: Column with the title or description of the item.
        user_features: SQL that selects one row per user: the id under the name it has in the log, and features.
        item_features: SQL that selects one row per item.
        time_format: ``auto``, ``iso``, ``s``, ``ms`` or ``us`` since 1970, or a format like ``%d.%m.%Y %H:%M``.
        time_zone: IANA name: where wall clocks stand and days are cut.
        non_product_items: Regular expression on item codes that are no products (postage, tests).

    """

    uri: str | None = None
    query: str = "SELECT * FROM events"
    columns: LogColumns = field(default_factory=LogColumns)
    kinds: dict[str, float] | None = None
    user_categories: tuple[str, ...] = ()
    user_numbers: tuple[str, ...] = ()
    item_categories: tuple[str, ...] = ()
    item_numbers: tuple[str, ...] = ()
    item_text: str | None = None
    user_features: str | None = None
    item_features: str | None = None
    time_format: str = "auto"
    time_zone: str = "UTC"
    non_product_items: str | None = None

    questions: ClassVar[tuple[str, ...]] = ("next_visits", "this_visit", "rest")

    def __post_init__(self) -> None:
        if self.uri is not None and carries_password(self.uri):
            # No ValueError: whoever reports one may quote the value.
            raise ConfigError(
                f"dataset.uri must not carry a password, it would be kept with the run: give {address(self.uri)} with "
                f"the user only, and the password in PGPASSWORD or ~/.pgpass, or the whole URI in {URI_VARIABLE}"
            )
        self.mapping()

    def mapping(self) -> LogMapping:
        """How the columns are read."""
        roles = LogRoles(
            has_times=True,
            user_categories=self.user_categories,
            user_numbers=self.user_numbers,
            item_categories=self.item_categories,
            item_numbers=self.item_numbers,
            item_text=self.item_text,
        )
        return LogMapping(self.columns, self.kinds, roles, self.time_format, self.time_zone, self.non_product_items)

    def load(self, cache: Path) -> RawLog:
        """Run the queries; see ``DatasetSource``. Nothing is cached."""
        uri = self.uri or os.environ.get(URI_VARIABLE)
        if not uri:
            raise DataError(
                "dataset=sql needs a database: name it with dataset.uri=postgresql://user@host/database or "
                f"dataset.uri=sqlite:////absolute/path.db, or in the environment variable {URI_VARIABLE}"
            )
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
