import datetime
import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tasks.errors import DataError
from tasks.ingestion.sources.rent_the_runway import PARSED, RentTheRunway
from tests.ingestion.publisher import Publisher

EVENT = {"fit": "fit", "rating": "10", "rented for": "vacation", "size": 14, "review_text": "An ad\u2014orable romper!"}
LINES: list[dict[str, object]] = [
    {
        **EVENT,
        "user_id": "420272",
        "item_id": "2260466",
        "weight": "137lbs",
        "height": "5' 8\"",
        "bust size": "34d",
        "body type": "hourglass",
        "category": "romper",
        "age": "28",
        "review_date": "April 20, 2016",
    },
    {
        **EVENT,
        "user_id": "273551",
        "item_id": "153475",
        "height": "5' 11\"",
        "bust size": "36ddd/e",
        "category": "gown",
        "age": "117",
        "review_date": "June 8, 2013",
    },
    {
        **EVENT,
        "user_id": "9",
        "item_id": "153475",
        "bust size": "32aa",
        "category": "gown",
        "review_date": "December 14, 2015",
    },
    {
        **EVENT,
        "user_id": "10",
        "item_id": "153475",
        "bust size": "34d+",
        "category": "gown",
        "review_date": "May 1, 2015",
    },
]


def packed(lines: list[dict[str, object]]) -> bytes:
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


def test_from_the_publisher(publisher: Publisher, cache: Path) -> None:
    publisher.files["final.json.gz"] = packed(LINES)
    log = RentTheRunway(address=publisher.url("final.json.gz")).load(cache)
    rows = log.rows.collect()
    assert dict(rows.schema) == dict(log.schema)
    assert rows.row(0, named=True) == {
        "user_id": 420272,
        "item_id": 2260466,
        "timestamp": datetime.date(2016, 4, 20),
        "age": 28,
        "height_in": 68,
        "weight_lbs": 137,
        "bust_band_in": 34,
        "bust_cup": "d",
        "body_type": "hourglass",
        "category": "romper",
    }
    assert rows["age"].to_list() == [28, None, None, None]  # nobody is 117
    assert rows["height_in"].to_list() == [68, 71, None, None]
    assert rows["bust_cup"].to_list() == ["d", "e", "aa", "d"]


def test_what_belongs_to_the_event_is_not_read(publisher: Publisher, cache: Path) -> None:
    publisher.files["final.json.gz"] = packed(LINES)
    log = RentTheRunway(address=publisher.url("final.json.gz")).load(cache)
    features = {*log.roles.user_categories, *log.roles.user_numbers, *log.roles.item_categories}
    forbidden = {"fit", "size", "rented_for", "rented for", "rating", "recommend", "review_text", "review_date"}
    assert not forbidden & (features | set(log.rows.collect_schema().names()))


def test_parquet_says_the_same(publisher: Publisher, tmp_path: Path, cache: Path) -> None:
    publisher.files["final.json.gz"] = packed(LINES)
    published = RentTheRunway(address=publisher.url("final.json.gz")).load(cache)
    names = list(PARSED)
    values = [
        [420272, 2260466, datetime.datetime(2016, 4, 20), "romper", 28.0, 68.0, 137.0, "hourglass", 34.0, "d"],
        [273551, 153475, datetime.datetime(2013, 6, 8), "gown", 117.0, 71.0, None, None, 36.0, "e"],
        [9, 153475, datetime.datetime(2015, 12, 14), "gown", None, None, None, None, 32.0, "aa"],
        [10, 153475, datetime.datetime(2015, 5, 1), "gown", None, None, None, None, 34.0, "d"],
    ]
    table = pl.DataFrame(values, schema=names, orient="row").with_columns(pl.col("body_type").cast(pl.Categorical))
    table.write_parquet(tmp_path / "copy.parquet")
    copy = RentTheRunway(path=str(tmp_path / "copy.parquet")).load(cache)
    assert_frame_equal(published.rows, copy.rows)


@pytest.mark.parametrize("body", [packed(LINES)[:-20], b"<html>moved</html>"])
def test_damaged_file(publisher: Publisher, cache: Path, body: bytes) -> None:
    publisher.files["final.json.gz"] = body
    with pytest.raises(DataError, match=r"final\.json\.gz is not a whole gzip file"):
        RentTheRunway(address=publisher.url("final.json.gz")).load(cache)


def test_other_lines(publisher: Publisher, cache: Path) -> None:
    publisher.files["final.json.gz"] = packed([{"user": 1, "item": 2}])
    with pytest.raises(
        DataError, match=r"final\.json\.gz is not the file of JSON lines expected, with the fields user_id"
    ):
        RentTheRunway(address=publisher.url("final.json.gz")).load(cache)
