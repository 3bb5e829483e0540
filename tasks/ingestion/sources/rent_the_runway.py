"""Rent the Runway (Misra, Wan and McAuley, 2018): rentals of clothes, most users with one or two."""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl

from tasks.domain import Column, LogRoles
from tasks.errors import DataError
from tasks.ingestion.cache import cached, source_file
from tasks.ingestion.columns import require_columns, within
from tasks.ingestion.download import http_file
from tasks.ingestion.folders import files_of, local_copy
from tasks.ingestion.raw import RawLog, SourceFile

NAME = "rent_the_runway"
ADDRESS = "https://mcauleylab.ucsd.edu/public_datasets/data/renttherunway/renttherunway_final_data.json.gz"
PUBLISHED = ("user_id", "item_id", "review_date", "category", "age", "height", "weight", "body type", "bust size")
PARSED = (
    "user_id",
    "item_id",
    "review_date",
    "category",
    "age",
    "height_in",
    "weight_lbs",
    "body_type",
    "bust_size_num",
    "bust_size_letter",
)


@dataclass(frozen=True)
class RentTheRunway:
    """The Rent the Runway log: 192,544 rentals of 105,571 users, 2010-11-03 to 2018-01-08, days without hours.

    User features are what the shop asks of its members: age (14 … 100 years), height (48 … 84 inches), weight
    (50 … 500 pounds), body type, bust band (inches) and cup; values outside these ranges are typing errors and become
    unknown. What belongs to one rental (fit, size, occasion, rating and review) is never read.

    Attributes:
        path: A copy (.parquet with parsed columns, .json or .json.gz, or a folder) to use instead of the download.
        address: Where the publisher keeps the file.

    """

    path: str | None = None
    address: str = ADDRESS

    questions: ClassVar[tuple[str, ...]] = ("next_visits",)
    falls_back: ClassVar[bool] = False

    def obtain(self, cache: Path) -> tuple[SourceFile, ...]:
        """The files: the user's copy, or the publisher's file."""
        copy = local_copy(NAME, self.path)
        if copy is None:
            return (http_file(NAME, self.address, cache),)
        return tuple(source_file(file) for file in files_of(copy, (".parquet", ".json.gz", ".json"), NAME))

    def load(self, cache: Path) -> RawLog:
        """Obtain and scan; see ``DatasetSource``."""
        files = self.obtain(cache)
        parquet = [file.path if file.path.suffix.lower() == ".parquet" else _parsed(file, cache) for file in files]
        scan = pl.scan_parquet(parquet)
        require_columns(scan, PARSED, parquet[0])
        rows = scan.select(
            pl.col("user_id").cast(pl.Int64).alias(Column.USER_ID),
            pl.col("item_id").cast(pl.Int64).alias(Column.ITEM_ID),
            pl.col("review_date").cast(pl.Date).alias(Column.TIMESTAMP),
            within(pl.col("age").cast(pl.Float32), 14, 100).alias("age"),
            within(pl.col("height_in").cast(pl.Float32), 48, 84).alias("height_in"),
            within(pl.col("weight_lbs").cast(pl.Float32), 50, 500).alias("weight_lbs"),
            pl.col("bust_size_num").cast(pl.Float32).alias("bust_band_in"),
            pl.col("bust_size_letter").cast(pl.String).alias("bust_cup"),
            pl.col("body_type").cast(pl.String),
            pl.col("category").cast(pl.String),
        )
        numbers, categories = ("age", "height_in", "weight_lbs", "bust_band_in"), ("body_type", "bust_cup")
        return RawLog(
            rows=rows,
            schema={
                Column.USER_ID: pl.Int64(),
                Column.ITEM_ID: pl.Int64(),
                Column.TIMESTAMP: pl.Date(),
                **dict.fromkeys(numbers, pl.Float32()),
                **dict.fromkeys((*categories, "category"), pl.String()),
            },
            roles=LogRoles(
                has_times=True, user_categories=categories, user_numbers=numbers, item_categories=("category",)
            ),
            files=files,
            visit="day",
            time_zone="UTC",
            kinds=None,
            non_product_items=None,
            name=NAME,
        )


def _parsed(file: SourceFile, cache: Path) -> Path:
    """The publisher's JSON lines as Parquet with parsed columns."""

    def parse(partial: Path) -> None:
        lines = file.path
        if lines.suffix.lower() == ".gz":
            lines = partial.with_name("lines.json")
            try:
                with gzip.open(file.path) as packed, lines.open("wb") as sink:
                    shutil.copyfileobj(packed, sink, 1 << 20)
            except (gzip.BadGzipFile, EOFError) as error:
                raise DataError(f"{file.path} is not a whole gzip file ({error}): delete it and run again") from error
        read_lines(lines, file.path).write_parquet(partial)

    return cached(cache / NAME / f"parsed-{file.sha256[:16]}.parquet", parse).path


def read_lines(lines: Path, named: Path) -> pl.DataFrame:
    """The publisher's JSON lines, all values text such as ``137lbs``, ``5' 8"``, ``34d`` and ``April 20, 2016``.

    Args:
        lines: The unpacked file.
        named: The file to name in messages.

    Returns:
        One row per line with the columns ``PARSED``; null where a value is missing or not readable.

    Raises:
        DataError: No JSON lines with these fields.

    """
    try:
        frame = pl.read_ndjson(lines, schema_overrides=dict.fromkeys(PUBLISHED, pl.String), infer_schema_length=1000)
    except pl.exceptions.PolarsError as error:
        wanted = ", ".join(PUBLISHED)
        raise DataError(
            f"{named} is not the file of JSON lines expected, with the fields {wanted}: {str(error).splitlines()[0]}"
        ) from error
    require_columns(frame.lazy(), PUBLISHED, named)
    feet, inches = (pl.col("height").str.extract(r"^\s*(\d+)'\s*(\d+)", group).cast(pl.Float64) for group in (1, 2))
    # Cups: 34dd and 34d+ count as d; of the pair "ddd/e" the international letter is kept.
    cup = pl.coalesce(pl.col("bust size").str.extract(r"/([a-z])"), pl.col("bust size").str.extract(r"^\d+(aa|[a-z])"))
    return frame.select(
        pl.col("user_id").cast(pl.Int64, strict=False),
        pl.col("item_id").cast(pl.Int64, strict=False),
        pl.col("review_date").str.to_date("%B %d, %Y", strict=False),
        "category",
        pl.col("age").cast(pl.Float64, strict=False),
        (feet * 12 + inches).alias("height_in"),
        pl.col("weight").str.extract(r"^\s*(\d+)").cast(pl.Float64).alias("weight_lbs"),
        pl.col("body type").alias("body_type"),
        pl.col("bust size").str.extract(r"^(\d+)").cast(pl.Float64).alias("bust_size_num"),
        cup.alias("bust_size_letter"),
    )
