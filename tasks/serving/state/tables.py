"""Tables of the state, on SQLite or PostgreSQL, and the engine that makes a commit durable."""

import os
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.exc import SQLAlchemyError

from tasks.addresses import address, without_secrets
from tasks.errors import DataError
from tasks.runs.home import Home
from tasks.serving.settings import URL_VARIABLE, StateSettings

METADATA = MetaData()
_KEY = BigInteger().with_variant(Integer, "sqlite")

EVENTS = Table(
    "events",
    METADATA,
    # Grows with every event that comes in: a refresh reads on from the last one it has seen.
    Column("sequence", _KEY, primary_key=True, autoincrement=True),
    Column("user_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("kind", Text),
    Column("at", BigInteger, nullable=False),  # microseconds since 1970-01-01 UTC, as are the others
    Column("received", BigInteger, nullable=False),
    UniqueConstraint("user_id", "event_id"),
    Index("events_of_user", "user_id", "at"),
    sqlite_autoincrement=True,
)
EXPOSURES = Table(
    "exposures",
    METADATA,
    Column("sequence", _KEY, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("pseudonym", String(32), index=True),  # null for guests
    Column("endpoint", String(32), nullable=False),
    Column("model", Text, nullable=False),
    Column("arm", Text),
    Column("items", Text, nullable=False),  # JSON list of item ids, in the order shown
)
FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("pseudonym", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
)


def state_url(settings: StateSettings, home: Home) -> str:
    """The address of the database; that of the default has a folder made for it."""
    named = settings.url or os.environ.get(URL_VARIABLE, "").strip()
    if named:
        return named
    home.serving.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{home.serving / 'state.db'}"


def open_engine(url: str) -> Engine:
    """Connect, and make the tables where they are missing.

    Raises:
        DataError: The database cannot be used.

    """
    try:
        engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _durable)
        METADATA.create_all(engine)
    except (SQLAlchemyError, ImportError) as error:
        reason = without_secrets(" ".join(str(error).partition("\n")[0].split()), url)
        raise DataError(f"state.url: the database at {address(url)} cannot be used: {reason}") from None
    return engine


def _durable(connection: Any, _: object) -> None:
    """Readers beside one writer, and every commit on the disk before it returns."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
