import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tasks.addresses import address, carries_password
from tasks.errors import DataError
from tasks.ingestion.database import digest, read_query
from tests.ingestion.postgres import PASSWORD, PostgresServer

ROWS = [(2, "tea", "2024-03-02T10:00:00"), (1, "cup", "2024-03-01T09:30:00"), (1, "tea", None)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """URI of a SQLite file with three events."""
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE events (customer INTEGER, product TEXT, at TEXT)")
        connection.executemany("INSERT INTO events VALUES (?, ?, ?)", ROWS)
    return f"sqlite:///{file}"


def test_sqlite(shop: str) -> None:
    frame = read_query(shop, "SELECT customer, product, at FROM events ORDER BY customer DESC")
    assert frame.rows() == [(1, "cup", "2024-03-01T09:30:00"), (1, "tea", None), (2, "tea", "2024-03-02T10:00:00")]


def test_digest_depends_on_values_only(shop: str) -> None:
    query = "SELECT customer, product FROM events"
    first = digest(read_query(shop, query))
    assert first == digest(read_query(shop, f"{query} ORDER BY product DESC"))
    assert first != digest(read_query(shop, f"{query} WHERE customer = 1"))
    assert first != digest(read_query(shop, "SELECT customer, product AS item FROM events"))


def test_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"dataset\.uri: the SQLite file .*none\.db does not exist"):
        read_query(f"sqlite:///{tmp_path}/none.db", "SELECT 1")
    assert not (tmp_path / "none.db").exists()


def test_wrong_query_names_the_database(shop: str) -> None:
    with pytest.raises(DataError, match=r"The query at sqlite:///.*shop\.db failed: .*no such column: colour"):
        read_query(shop, "SELECT colour FROM events")


def test_other_databases(shop: str) -> None:
    with pytest.raises(DataError, match="must begin with postgresql:// or sqlite:///, got mysql"):
        read_query("mysql://somebody:word@host/shop", "SELECT 1")


@pytest.mark.parametrize(
    ("uri", "secret", "shown"),
    [
        ("postgresql://shop:a%40b@host:5433/log", True, "postgresql://host:5433/log"),
        ("postgresql://host/log?user=shop&password=ab", True, "postgresql://host/log"),
        ("postgresql://shop@host/log?sslmode=require", False, "postgresql://host/log"),
        ("sqlite:////data/shop.db", False, "sqlite:////data/shop.db"),
        ("/data/mlruns", False, "/data/mlruns"),
    ],
)
def test_passwords(uri: str, secret: bool, shown: str) -> None:
    assert carries_password(uri) is secret
    assert address(uri) == shown


@pytest.mark.postgres
def test_postgres(postgres: PostgresServer) -> None:
    query = (
        "SELECT * FROM (VALUES (2, 'tea', TIMESTAMPTZ '2024-03-02 10:00:00+01'), (1, 'cup', NULL)) "
        "AS events (customer, product, at)"
    )
    frame = read_query(postgres.uri_with_password, query)
    expected = pl.DataFrame({"customer": [1, 2], "product": ["cup", "tea"], "at": [None, "2024-03-02T09:00:00Z"]})
    expected = expected.with_columns(pl.col("customer").cast(pl.Int32), pl.col("at").str.to_datetime(time_zone="UTC"))
    assert_frame_equal(frame, expected)


@pytest.mark.postgres
def test_password_from_the_environment(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert read_query(postgres.uri, "SELECT 1 AS one")["one"].to_list() == [1]


@pytest.mark.postgres
@pytest.mark.parametrize("query", ["SELECT colour FROM nowhere", "not SQL at all"])
def test_errors_leave_the_password_out(postgres: PostgresServer, query: str) -> None:
    with pytest.raises(DataError, match="failed") as raised:
        read_query(postgres.uri_with_password, query)
    assert PASSWORD not in str(raised.value)
    wrong = postgres.uri_with_password.replace(PASSWORD, "wrong-word")
    with pytest.raises(DataError, match="password authentication failed") as raised:
        read_query(wrong, "SELECT 1")
    assert "wrong-word" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_no_server() -> None:
    with pytest.raises(DataError, match=r"The query at postgresql://127\.0\.0\.1:1/log failed: .*refused") as raised:
        read_query("postgresql://shop:word-of-mouth@127.0.0.1:1/log", "SELECT 1")
    assert "word-of-mouth" not in str(raised.value)
