import datetime
import io
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from polars.testing import assert_frame_equal

from tasks.errors import DataError
from tasks.ingestion.sources.online_retail import COLUMNS, NON_PRODUCTS, OnlineRetail
from tests.ingestion.publisher import Publisher

TIME = datetime.datetime(2011, 6, 1, 8, 26)
# As the publisher has it: codes are numbers where they can be, a cancelling invoice begins with C.
ROWS: list[list[object]] = [
    [536365, "85123A", "WHITE HANGING HEART ", 6, TIME, 2.55, 17850, "United Kingdom"],
    [536365, 71053, "WHITE METAL LANTERN", 6, TIME, 3.39, 17850, "United Kingdom"],
    ["C536379", "85123A", "WHITE HANGING HEART ", -6, TIME, 2.55, 17850, "United Kingdom"],
    [536370, "POST", "POSTAGE", 3, datetime.datetime(2011, 1, 1, 8, 45), 18, 12583, "France"],
    [536414, 22139, None, 56, TIME, 0, None, "United Kingdom"],
]


def workbook(rows: list[list[object]] = ROWS, columns: tuple[str, ...] = COLUMNS) -> bytes:
    """The publisher's format: a sheet in an Excel file in a zip archive."""
    sheet_bytes = io.BytesIO()
    with xlsxwriter.Workbook(sheet_bytes) as book:
        sheet = book.add_worksheet("Online Retail")
        clock = book.add_format({"num_format": "m/d/yy h:mm"})
        sheet.write_row(0, 0, columns)
        for row, values in enumerate(rows, 1):
            for column, value in enumerate(values):
                if isinstance(value, datetime.datetime):
                    sheet.write_datetime(row, column, value, clock)
                elif value is not None:
                    sheet.write(row, column, value)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("Online Retail.xlsx", sheet_bytes.getvalue())
    return archive.getvalue()


def test_from_the_publisher(publisher: Publisher, cache: Path) -> None:
    publisher.files["online+retail.zip"] = workbook()
    source = OnlineRetail(address=publisher.url("online+retail.zip"))
    log = source.load(cache)
    rows = log.rows.collect()
    assert dict(rows.schema) == dict(log.schema)
    assert rows["user_id"].to_list() == [17850, 17850, 17850, 12583, None]
    assert rows["item_id"].to_list() == ["85123A", "71053", "85123A", "POST", "22139"]
    assert rows["quantity"].to_list() == [6, 6, 6, 3, 56]
    assert rows["cancellation"].to_list() == [False, False, True, False, False]
    assert rows["description"].to_list()[0] == "WHITE HANGING HEART"
    # British summer time is an hour ahead of UTC, winter time is not.
    assert [time.hour for time in rows["timestamp"]] == [7, 7, 7, 8, 7]
    source.load(cache)
    assert len(publisher.requests) == 1
    assert [file.path.name for file in log.files] == ["online_retail.zip"]


def test_parquet_says_the_same(
    publisher: Publisher, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "copy.zip"
    archive.write_bytes(workbook())
    from_excel = OnlineRetail(path=str(archive)).load(cache)
    folder = tmp_path / "data" / "online_retail"
    folder.mkdir(parents=True)
    text = [[str(row[0]), str(row[1]), *row[2:]] for row in ROWS]
    table = pl.DataFrame(text, schema=dict.fromkeys(COLUMNS), orient="row", infer_schema_length=None)
    table.write_parquet(folder / "online_retail.parquet")
    monkeypatch.setenv("COLDCART_DATA_DIR", str(folder.parent))
    from_parquet = OnlineRetail().load(cache)
    assert_frame_equal(from_excel.rows, from_parquet.rows)
    assert from_parquet.files[0].path == folder / "online_retail.parquet"


def test_products_and_others() -> None:
    others = re.compile(NON_PRODUCTS)
    for code in ("POST", "m", "BANK CHARGES", "gift_0001_20", "TEST001", "PADS", "B"):
        assert others.match(code), code
    codes = pl.Series(["85123A", "DCGS0003", "DCGSSGIRL", "15056bl", "22423"])
    assert not codes.str.contains(NON_PRODUCTS).any()


def test_not_an_excel_file(publisher: Publisher, cache: Path) -> None:
    publisher.files["online+retail.zip"] = b"<html>moved</html>"
    with pytest.raises(DataError, match=r"online_retail\.zip is not a whole zip archive"):
        OnlineRetail(address=publisher.url("online+retail.zip")).load(cache)


def test_missing_column(tmp_path: Path, cache: Path) -> None:
    archive = tmp_path / "copy.zip"
    archive.write_bytes(workbook(columns=(*COLUMNS[:6], "Customer", "Country")))
    with pytest.raises(DataError, match=r"copy\.zip is not the Excel file expected, with the columns .*: 'CustomerID'"):
        OnlineRetail(path=str(archive)).load(cache)


def test_no_network(cache: Path) -> None:
    with pytest.raises(DataError, match=r"online_retail cannot be had: tried .*dataset\.path=.*COLDCART_DATA_DIR"):
        OnlineRetail(address="http://127.0.0.1:9/online+retail.zip").load(cache)
