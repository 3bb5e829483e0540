"""MovieLens 100K (Harper and Konstan, 2015): 943 users rate 1,682 films; a check against the literature."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from tasks.domain import Column, LogRoles
from tasks.errors import DataError
from tasks.ingestion.cache import source_file
from tasks.ingestion.columns import known, require_columns
from tasks.ingestion.download import Wheel, wheel_member
from tasks.ingestion.folders import local_copy
from tasks.ingestion.raw import RawLog, SourceFile

NAME = "ml_100k"
WHEEL = Wheel("recbole", "1.2.1", "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407")
MEMBERS = tuple(f"recbole/dataset_example/ml-100k/ml-100k.{part}" for part in ("inter", "user", "item"))
ORIGINALS = ("u.data", "u.user", "u.item")
GENRES = (
    *(
        "unknown",
        "Action",
        "Adventure",
        "Animation",
        "Children's",
        "Comedy",
        "Crime",
        "Documentary",
        "Drama",
        "Fantasy",
    ),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""In the order of the publisher's columns."""


@dataclass(frozen=True)
class Ml100k:
    """MovieLens 100K: 100,000 ratings, 1997-09-20 to 1998-04-22. Every rating counts as an interaction.

    Users rate most of their films within an hour, in an order that the site largely chose: there are no visits
    to speak of, and the question is ``rest``.

    Attributes:
        path: A folder with the original files (u.data, u.user, u.item) to use instead of the download.

    """

    path: str | None = None

    questions: ClassVar[tuple[str, ...]] = ("rest",)
    falls_back: ClassVar[bool] = False

    def obtain(self, cache: Path) -> tuple[SourceFile, ...]:
        """Ratings, users and films: the user's original files, or from the wheel of ``recbole``."""
        copy = local_copy(NAME, self.path)
        if copy is None:
            return tuple(wheel_member(NAME, WHEEL, member, cache) for member in MEMBERS)
        missing = [name for name in ORIGINALS if not (copy / name).is_file()]
        if missing:
            wanted = ", ".join(ORIGINALS)
            raise DataError(f"{copy}: expected the folder of MovieLens 100K with {wanted}; {missing[0]} is not there")
        return tuple(source_file(copy / name) for name in ORIGINALS)

    def load(self, cache: Path) -> RawLog:
        """Obtain and scan; see ``DatasetSource``."""
        files = self.obtain(cache)
        ratings, users, films = _original(files) if files[0].path.name == ORIGINALS[0] else _repackaged(files)
        time = pl.from_epoch("seconds", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
        title = known("title", "unknown", "unkonwn")  # codespell:ignore unkonwn
        return RawLog(
            rows=ratings.select(Column.USER_ID, Column.ITEM_ID, time.alias(Column.TIMESTAMP)),
            schema={
                Column.USER_ID: pl.Int64(),
                Column.ITEM_ID: pl.Int64(),
                Column.TIMESTAMP: pl.Datetime("us", "UTC"),
            },
            roles=LogRoles(
                has_times=True,
                user_categories=("gender", "occupation"),
                user_numbers=("age",),
                item_categories=("genre",),
                item_text="title",
                has_hours=True,
            ),
            files=files,
            visit="day",
            time_zone="UTC",
            kinds=None,
            non_product_items=None,
            user_features=users.select(Column.USER_ID, "age", "gender", "occupation"),
            item_features=films.select(Column.ITEM_ID, title.alias("title"), known("genre", "unknown").alias("genre")),
            name=NAME,
        )


Tables = tuple[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame]
"""Ratings (user_id, item_id, seconds), users (user_id, age, gender, occupation), films (item_id, title, genre)."""


def _original(files: tuple[SourceFile, ...]) -> Tables:
    """The files of GroupLens: no headings, in Latin-1, films with one column of 0 and 1 per genre."""
    ratings, users, films = (file.path for file in files)
    table = _without_heading(films, "|", (Column.ITEM_ID, "title", "released", "on_video", "address", *GENRES))
    # The first genre in the publisher's order: coalesce takes the first that is set.
    genre = pl.coalesce([pl.when(pl.col(name) == 1).then(pl.lit(name)) for name in GENRES])
    return (
        _without_heading(ratings, "\t", (Column.USER_ID, Column.ITEM_ID, "rating", "seconds")),
        _without_heading(users, "|", (Column.USER_ID, "age", "gender", "occupation", "post_code")),
        table.select(Column.ITEM_ID, pl.col("title").str.replace(r"\s*\(\d{4}\)\s*$", ""), genre.alias("genre")),
    )


def _without_heading(file: Path, separator: str, names: tuple[str, ...]) -> pl.LazyFrame:
    types: dict[str, Any] = dict.fromkeys(names, pl.Int64) | {"age": pl.Float32}
    types |= dict.fromkeys(("title", "released", "on_video", "address", "gender", "occupation", "post_code"), pl.String)
    schema = {name: types[name] for name in names}
    try:
        text = file.read_text(encoding="latin-1").encode()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from error
    scan = pl.scan_csv(text, has_header=False, separator=separator, schema=schema, quote_char=None)
    require_columns(scan, names, file)
    return scan


def _repackaged(files: tuple[SourceFile, ...]) -> Tables:
    """The files of RecBole: tab-separated, headings with types such as ``age:token``."""
    integers = {"user_id:token": pl.Int64, "item_id:token": pl.Int64}
    ratings = _with_heading(files[0].path, {**integers, "timestamp:float": pl.Int64})
    people = {"user_id:token": pl.Int64, "age:token": pl.Float32, "gender:token": pl.String}
    users = _with_heading(files[1].path, {**people, "occupation:token": pl.String})
    wanted = {"item_id:token": pl.Int64, "movie_title:token_seq": pl.String, "class:token_seq": pl.String}
    films = _with_heading(files[2].path, wanted)
    return (
        ratings.rename({"timestamp": "seconds"}),
        users,
        films.select(
            Column.ITEM_ID,
            pl.col("movie_title").alias("title"),
            pl.col("class").str.split(" ").list.first().alias("genre"),
        ),
    )


def _with_heading(file: Path, types: dict[str, Any]) -> pl.LazyFrame:
    scan = pl.scan_csv(file, separator="\t", schema_overrides=types, quote_char=None, infer_schema_length=0)
    require_columns(scan, types, file)
    return scan.select(pl.col(name).alias(name.split(":")[0]) for name in types)
