"""Online Retail (Chen, 2012; UCI 352): a year of a British web shop for gifts, raw."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl

from tasks.domain import Column, LogRoles
from tasks.errors import DataError
from tasks.ingestion.cache import cached, source_file
from tasks.ingestion.columns import require_columns
from tasks.ingestion.download import extract_member, http_file
from tasks.ingestion.folders import files_of, local_copy
from tasks.ingestion.raw import CANCELLATION, RawLog, SourceFile

NAME = "online_retail"
ADDRESS = "https://archive.ics.uci.edu/static/public/352/online+retail.zip"
COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
NON_PRODUCTS = r"^(?i:POST|DOT|C2|C3|M|D|S|B|PADS|CRUK|AMAZONFEE|BANK CHARGES|ADJUST\d*|TEST\d*|SP\d+|gift_\d+_\d+)$"
"""Postage, carriage, manual entries, discounts, samples, bad debt, fees, commission, tests, and vouchers, which are
money. ``PADS`` (matching pads at 0.1 pence) go along with other orders. Products begin with five digits or DCGS."""


@dataclass(frozen=True)
class OnlineRetail:
    """The Online Retail log: 541,909 rows, 2010-12-01 to 2011-12-09, item texts and prices, cancellations.

    Read from the publisher's Excel file in a zip archive, or from Parquet with the same columns. Cancelling
    invoices (``C…``) become rows with ``cancellation`` set and a positive quantity.

    Attributes:
        path: A copy (.xlsx, .zip with one, .parquet, or a folder) to use instead of the download.
        address: Where the publisher keeps the file.

    """

    path: str | None = None
    address: str = ADDRESS

    questions: ClassVar[tuple[str, ...]] = ("next_visits", "this_visit")
    falls_back: ClassVar[bool] = False

    def obtain(self, cache: Path) -> tuple[SourceFile, ...]:
        """The files: the user's copy, or the publisher's archive."""
        copy = local_copy(NAME, self.path)
        if copy is None:
            return (http_file(NAME, self.address, cache),)
        return tuple(source_file(file) for file in files_of(copy, (".parquet", ".xlsx", ".zip"), NAME))

    def load(self, cache: Path) -> RawLog:
        """Obtain and scan; see ``DatasetSource``."""
        files = self.obtain(cache)
        parquet = [file.path if file.path.suffix.lower() == ".parquet" else _parsed(file, cache) for file in files]
        scan = pl.scan_parquet(parquet)
        require_columns(scan, COLUMNS, parquet[0])
        cancelled = pl.col("InvoiceNo").cast(pl.String).str.starts_with("C")
        quantity = pl.col("Quantity").cast(pl.Float32)
        rows = scan.select(
            pl.col("CustomerID").cast(pl.Int64, strict=False).alias(Column.USER_ID),
            pl.col("StockCode").cast(pl.String).alias(Column.ITEM_ID),
            # The shop's wall clock. An hour that did not exist, or came twice, lies at night.
            pl.col("InvoiceDate")
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone("Europe/London", ambiguous="earliest", non_existent="null")
            .dt.convert_time_zone("UTC")
            .alias(Column.TIMESTAMP),
            pl.when(cancelled).then(quantity.abs()).otherwise(quantity).alias(Column.QUANTITY),
            pl.col("UnitPrice").cast(pl.Float32).alias(Column.PRICE),
            cancelled.alias(CANCELLATION),
            pl.col("Description").cast(pl.String).str.strip_chars().alias("description"),
            pl.col("Country").cast(pl.String).alias("country"),
        )
        return RawLog(
            rows=rows,
            schema={
                Column.USER_ID: pl.Int64(),
                Column.ITEM_ID: pl.String(),
                Column.TIMESTAMP: pl.Datetime("us", "UTC"),
                Column.QUANTITY: pl.Float32(),
                Column.PRICE: pl.Float32(),
                CANCELLATION: pl.Boolean(),
                "description": pl.String(),
                "country": pl.String(),
            },
            roles=LogRoles(
                has_times=True,
                user_categories=("country",),
                item_text="description",
                has_hours=True,
                has_cancellations=True,
            ),
            files=files,
            visit="day",
            time_zone="Europe/London",
            kinds=None,
            non_product_items=NON_PRODUCTS,
            name=NAME,
        )


def _parsed(file: SourceFile, cache: Path) -> Path:
    """The Excel file as Parquet, parsed once: that takes seconds, the Parquet file none."""

    def parse(partial: Path) -> None:
        workbook = file.path
        if workbook.suffix.lower() == ".zip":
            workbook = partial.with_name("workbook.xlsx")
            extract_member(file.path, None, workbook)
        _read_workbook(workbook, file.path).write_parquet(partial)

    return cached(cache / NAME / f"parsed-{file.sha256[:16]}.parquet", parse).path


def _read_workbook(workbook: Path, named: Path) -> pl.DataFrame:
    # Invoice and stock codes are numbers in some rows and text in others: read as text.
    types = {"InvoiceNo": pl.String, "StockCode": pl.String, "Description": pl.String, "CustomerID": pl.Float64}
    try:
        frame = pl.read_excel(workbook, engine="calamine", schema_overrides=types, infer_schema_length=None)
    except Exception as error:  # the reader raises errors of its own, which are no PolarsError
        wanted = ", ".join(COLUMNS)
        raise DataError(
            f"{named} is not the Excel file expected, with the columns {wanted}: {str(error).splitlines()[0]}"
        ) from error
    require_columns(frame.lazy(), COLUMNS, named)
    return frame.select(COLUMNS)
