"""Anybody's log: CSV or Parquet, one file, a folder, or a pattern."""

import codecs
import glob
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tasks.errors import DataError
from tasks.ingestion.cache import cached, source_file
from tasks.ingestion.own_log import OwnLog
from tasks.ingestion.raw import RawLog, SourceFile
from tasks.ingestion.schema import first_line

NAME = "file"
PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class File(OwnLog):
    """A log in CSV or Parquet files; what its columns are called stands in ``OwnLog``.

    CSV is read as text and every column as what the settings say it is, so that ids keep their leading zeros and
    no number is too large for one.

    Attributes:
        path: A file, a folder, or a pattern such as ``logs/2024-*.csv``.
        separator: Between the columns of a CSV, one character.
        encoding: Of CSV files, a name Python knows, for example ``latin-1``.

    """

    path: str | None = None
    separator: str = ","
    encoding: str = "utf8"

    def __post_init__(self) -> None:
        if len(self.separator.encode()) != 1:
            raise ValueError(f"separator must be one ASCII character, got {self.separator!r}")
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise ValueError(f"encoding must be one that Python knows, like latin-1, got {self.encoding!r}") from error
        super().__post_init__()

    def check(self) -> None:
        """See that every setting names a file.

        Raises:
            DataError: One does not.
        """
        self._files()

    def load(self, cache: Path) -> RawLog:
        """Find and scan the files; see ``DatasetSource``."""
        found = self._files()
        files = found.pop("path")
        frame, sources = self._scan(files, cache)
        tables = {}
        for setting, others in found.items():
            tables[setting], more = self._scan(others, cache)
            sources += more
        return self.mapping().apply(frame, name=NAME, where=str(files[0]), files=sources, **tables)

    def _files(self) -> dict[str, tuple[Path, ...]]:
        """The files by the setting that names them."""
        if self.path is None:
            raise DataError("dataset=file needs a file: name it with dataset.path=<file, folder or pattern>")
        named = {"path": self.path, "user_features": self.user_features, "item_features": self.item_features}
        return {setting: _found(path, f"dataset.{setting}") for setting, path in named.items() if path is not None}

    def _scan(self, files: tuple[Path, ...], cache: Path) -> tuple[pl.LazyFrame, tuple[SourceFile, ...]]:
        sources = tuple(source_file(file) for file in files)
        for file in files:
            if file.stat().st_size == 0:
                raise DataError(f"{file} is empty: expected a header and at least one row")
        try:
            if _is_parquet(files[0]):
                frame = pl.scan_parquet(list(files))
            else:
                readable = [self._utf8(source, cache) for source in sources]
                # Text throughout: what is a number, a time or an identifier is told by the settings, not by guessing.
                frame = pl.scan_csv(readable, separator=self.separator, infer_schema=False)
            frame.collect_schema()
        except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
            raise DataError(f"{files[0]} cannot be read: {first_line(error)}{_hint(error)}") from error
        return frame, sources

    def _utf8(self, source: SourceFile, cache: Path) -> Path:
        """The file itself where it is UTF-8, else a copy that is."""
        encoding = codecs.lookup(self.encoding).name
        if encoding in ("utf-8", "ascii"):
            return source.path

        def convert(partial: Path) -> None:
            with (
                source.path.open(encoding=encoding, newline="") as read,
                partial.open("w", newline="", encoding="utf-8") as out,
            ):
                while text := read.read(CHUNK):
                    out.write(text)

        return cached(cache / NAME / f"utf8-{encoding}-{source.sha256[:16]}.csv", convert).path


def _found(path: str, setting: str) -> tuple[Path, ...]:
    """The files that a setting names, in order of name."""
    named = Path(path).expanduser()
    if named.is_dir():
        candidates = sorted(file for file in named.iterdir() if file.name.lower().endswith((*PARQUET, *TEXT)))
    elif named.is_file():
        candidates = [named]
    else:
        candidates = [Path(file) for file in sorted(glob.glob(str(named), recursive=True)) if Path(file).is_file()]
    if not candidates:
        raise DataError(
            f"{setting}={path} names no file (from {Path.cwd()}): expected a CSV or Parquet file, a folder "
            "of them, or a pattern"
        )
    if len({_is_parquet(file) for file in candidates}) > 1:
        raise DataError(
            f"{setting}={path} names CSV and Parquet files: expected files of one kind, name them with a pattern"
        )
    return tuple(candidates)


def _is_parquet(file: Path) -> bool:
    return file.suffix.lower() in PARQUET


def _hint(error: Exception) -> str:
    if isinstance(error, UnicodeError) or "utf-8" in str(error).lower():
        return ". It is not text in the expected encoding: convert it to UTF-8, or set dataset.encoding=latin-1"
    return ". Expected a CSV with a header (see dataset.separator) or a Parquet file"
