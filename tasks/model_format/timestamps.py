"""Times of events as a caller's file writes them: dates, date-times, ISO text, seconds or milliseconds."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.errors import DataError

_WITH_OFFSET = "%Y-%m-%dT%H:%M:%S%.f%:z"
_LOCAL = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_UTC = pl.Datetime("us", "UTC")
_MICROSECONDS = pl.Datetime("us")


@dataclass(frozen=True, slots=True)
class TimeReader:
    """How the log that a model was fitted on tells time.

    Attributes:
        has_times: Whether its rows carried a time.
        has_hours: Whether times resolved the hour; plain dates are midnights in UTC.
        time_zone: IANA name; days and times without an offset are meant in it.

    """

    has_times: bool
    has_hours: bool = False
    time_zone: str = "UTC"

    def read(self, values: pl.Series) -> NDArray[np.int64]:
        """Microseconds since 1970-01-01 UTC at the resolution of the log, int64 (n,).

        Args:
            values: Dates, date-times with or without zone, ISO 8601 text, or seconds, milliseconds or microseconds
                since 1970 as numbers (told apart by their size), shape (n,).

        Raises:
            DataError: A value is missing or cannot be read as a time.

        """
        local = _local_times(values)
        moments = _moments(values) if local is None else self._from_local(local)
        if not self.has_hours and moments.len():
            days = moments.dt.convert_time_zone(self.time_zone).dt.date() if local is None else local.dt.date()
            moments = days.cast(_MICROSECONDS).dt.replace_time_zone("UTC")
        lost = moments.null_count()
        if lost:
            example = values.filter(moments.is_null())[0]
            raise DataError(
                f"column {Column.TIMESTAMP}: {lost} of {len(values)} values are missing or no times (first: "
                f"{example!r}); expected dates, ISO 8601 text or seconds since 1970, or no such column at all"
            )
        return moments.cast(pl.Int64).to_numpy().astype(np.int64)

    def _from_local(self, local: pl.Series) -> pl.Series:
        def in_zone(times: pl.Series) -> pl.Series:
            return times.dt.replace_time_zone(self.time_zone, ambiguous="earliest", non_existent="null")

        # Times in the hour that the clocks skip in spring are meant an hour later.
        moments = in_zone(local).fill_null(in_zone(local.dt.offset_by("1h")))
        return moments.dt.convert_time_zone("UTC").cast(_UTC)


def _local_times(values: pl.Series) -> pl.Series | None:
    """Times of a clock without an offset; None where values are moments already."""
    if values.dtype == pl.Date:
        return values.cast(_MICROSECONDS)
    if isinstance(values.dtype, pl.Datetime):
        return values.cast(_MICROSECONDS) if values.dtype.time_zone is None else None
    if values.dtype == pl.String and _moments(values).null_count() == len(values):
        text = _iso(values)
        read = [text.str.strptime(_MICROSECONDS, form, strict=False) for form in _LOCAL]
        return pl.select(pl.coalesce(read)).to_series()
    return None


def _moments(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.convert_time_zone("UTC").cast(_UTC)
    if values.dtype == pl.String:
        numbers = values.str.strip_chars().cast(pl.Float64, strict=False)
        if numbers.null_count() < len(values):
            return _from_epoch(numbers)
        return _iso(values).str.strptime(_UTC, _WITH_OFFSET, strict=False)
    if values.dtype.is_numeric():
        return _from_epoch(values.cast(pl.Float64))
    return pl.Series(values.name, [None] * len(values), dtype=_UTC)


def _from_epoch(numbers: pl.Series) -> pl.Series:
    """Seconds up to the year 5138, else milliseconds, else microseconds."""
    size = numbers.abs()
    scaled = pl.when(size < 1e11).then(numbers * 1e6).when(size < 1e14).then(numbers * 1e3).otherwise(numbers)
    return pl.select(scaled.cast(pl.Int64, strict=False).cast(_UTC)).to_series()


def _iso(values: pl.Series) -> pl.Series:
    return values.str.strip_chars().str.replace(" ", "T", literal=True).str.replace("[zZ]$", "+00:00")
