import dataclasses

import polars as pl
import pytest

from tasks.domain import LogRoles
from tasks.errors import DataError
from tasks.ingestion.kinds import KindRules
from tasks.ingestion.raw import SourceFile
from tasks.ingestion.schema import check_schema
from tests.ingestion.logs import at, raw_log

GOOD = {"user_id": ["u"], "item_id": [1], "timestamp": [at(1)], "quantity": [1.0]}


def test_a_good_log_passes():
    check_schema(raw_log(GOOD))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": pl.LazyFrame({"item_id": [1]})}, "log.csv: expected a column 'user_id'.*found item_id"),
        ({"schema": {"quantity": pl.Int64()}}, "expected column 'quantity' to hold Int64, found Float32"),
        ({"schema": {"timestamp": pl.Datetime("us", "Asia/Taipei")}}, "'timestamp'.*Asia/Taipei.*UTC"),
        ({"schema": {"stock": pl.Boolean()}}, "expected a column 'stock'"),
        ({"visit": "visit_id"}, "expected a column 'visit_id'"),
        ({"kinds": KindRules({"view": 1.0})}, "expected a column 'kind'"),
        ({"rows": pl.LazyFrame({"user_id": [1.5], "item_id": [1]}), "roles": LogRoles(False), "schema": {}}, "Float64"),
        ({"user_features": pl.LazyFrame({"town": ["x"]})}, "user_features.*'user_id'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, message):
    raw = raw_log(GOOD)
    raw = dataclasses.replace(raw, files=(SourceFile(tmp_path / "log.csv", "0" * 64),), **change)
    with pytest.raises(DataError, match=message):
        check_schema(raw)


def test_times_need_a_zone():
    naive = pl.LazyFrame({"user_id": ["u"], "item_id": ["i"], "timestamp": [at(1).replace(tzinfo=None)]})
    with pytest.raises(DataError, match="times with a time zone"):
        check_schema(dataclasses.replace(raw_log(GOOD), rows=naive, schema={}))


def test_the_rows_stay_unread():
    unreadable = raw_log(GOOD).rows.with_columns(pl.col("user_id").map_batches(lambda _: 1 / 0, pl.String))
    check_schema(dataclasses.replace(raw_log(GOOD), rows=unreadable))
