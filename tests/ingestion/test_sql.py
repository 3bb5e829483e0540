import datetime
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tasks.config import load_component
from tasks.errors import ConfigError, DataError
from tasks.ingestion.mapping import LogColumns
from tasks.ingestion.raw import RawLog
from tasks.ingestion.sources.sql import URI_VARIABLE, Sql
from tests.ingestion.postgres import PASSWORD, USER, PostgresServer

TEN = datetime.datetime(2024, 3, 1, 10, tzinfo=datetime.UTC)
COLUMNS = LogColumns(user="customer", item="product", timestamp="at", price="paid")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """URI of a SQLite file with two events of two customers."""
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE events (customer INTEGER, product TEXT, at TEXT, paid REAL)")
        rows = [(2, "tea", "2024-03-01T10:00:00", 3.5), (1, "cup", "2024-03-01T10:00:00", 7)]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
        connection.execute("CREATE TABLE customers (customer INTEGER, city TEXT)")
        connection.executemany("INSERT INTO customers VALUES (?, ?)", [(1, "Bath"), (2, "York")])
    return f"sqlite:///{file}"


def test_sqlite(shop: str, cache: Path) -> None:
    source = Sql(
        uri=shop,
        columns=COLUMNS,
        user_categories=("city",),
        user_features="SELECT customer, city FROM customers",
    )
    log = source.load(cache)
    assert log.rows.collect().rows() == [(1, "cup", TEN, 7.0), (2, "tea", TEN, 3.5)]
    assert log.user_features is not None
    assert log.user_features.collect().rows() == [(1, "Bath"), (2, "York")]
    assert dict(log.rows.collect_schema()) == dict(log.schema)
    assert log.roles.has_hours
    assert not cache.exists()


def test_the_digest_follows_the_rows(shop: str, cache: Path) -> None:
    before = digests(Sql(uri=shop, columns=COLUMNS).load(cache))
    assert before == digests(Sql(uri=shop, columns=COLUMNS).load(cache))
    with closing(sqlite3.connect(shop.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE events SET paid = 4 WHERE customer = 2")
    assert before != digests(Sql(uri=shop, columns=COLUMNS).load(cache))


def test_the_digest_follows_the_tables_of_features(shop: str, cache: Path) -> None:
    def load(city: str) -> list[str]:
        features = f"SELECT customer, '{city}' AS city FROM customers"
        return digests(Sql(uri=shop, columns=COLUMNS, user_categories=("city",), user_features=features).load(cache))

    bath, york = load("Bath"), load("York")
    assert len(bath) == 2
    assert bath[0] == york[0]
    assert bath[1] != york[1]


def test_settings_file_builds(shop: str, cache: Path) -> None:
    source = load_component(
        "dataset", "sql", {"uri": shop, "query": "SELECT customer AS user_id, product AS item_id FROM events"}
    )
    log = source.load(cache)
    assert not log.roles.has_times
    assert log.rows.collect().rows() == [(1, "cup"), (2, "tea")]


def test_no_rows(shop: str, cache: Path) -> None:
    with pytest.raises(DataError, match=r"gave no rows: correct dataset\.query='SELECT \* FROM events WHERE 0'"):
        Sql(uri=shop, query="SELECT * FROM events WHERE 0", columns=COLUMNS).load(cache)


def test_missing_column(shop: str, cache: Path) -> None:
    with pytest.raises(
        DataError, match=r"The query at sqlite:///.*: expected the columns user_id, item_id, found cust"
    ):
        Sql(uri=shop).load(cache)


def test_no_database(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URI_VARIABLE, raising=False)
    with pytest.raises(DataError, match=rf"dataset=sql needs a database: .*dataset\.uri=.*{URI_VARIABLE}"):
        Sql().load(cache)


@pytest.mark.parametrize(
    "uri", [f"postgresql://shop:{PASSWORD}@host/log", f"postgresql://host/log?password={PASSWORD}"]
)
def test_password_among_the_settings(uri: str) -> None:
    with pytest.raises(ConfigError, match=r"must not carry a password.*postgresql://host/log.*PGPASSWORD") as raised:
        load_component("dataset", "sql", {"uri": uri})
    assert PASSWORD not in str(raised.value)


@pytest.mark.postgres
def test_postgres(
    postgres: PostgresServer, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(URI_VARIABLE, postgres.uri_with_password)
    query = (
        "SELECT * FROM (VALUES (2::bigint, 'tea', TIMESTAMPTZ '2024-03-01 11:00+01', 3.50::numeric), "
        "(1, 'cup', '2024-03-01 10:00+00', 7)) AS events (customer, product, at, paid)"
    )
    source = Sql(query=query, columns=COLUMNS)
    log = source.load(cache)
    assert log.rows.collect().rows() == [(1, "cup", TEN, 7.0), (2, "tea", TEN, 3.5)]
    told = f"{source} {log.files} {caplog.text}"
    assert PASSWORD not in told
    assert USER not in str(log.files)


def digests(log: RawLog) -> list[str]:
    return [file.sha256 for file in log.files]
