"""Times as people write them: ISO text, dates, seconds or milliseconds since 1970."""

import polars as pl

from tasks.errors import DataError
from tasks.ingestion.schema import collect

SAMPLE = 1_000
"""Rows whose times are looked at to tell how they are written."""
EPOCH_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Microseconds per unit of an epoch."""
FORMATS = ("auto", "iso", *EPOCH_UNITS)
_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_ISO_WITH_OFFSET = ("%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z")
_CLOCK = ("%H", "%I", "%T", "%R", "%c", "%X", "%s", "%f", "%+")


def read_times(frame: pl.LazyFrame, column: str, time_format: str, time_zone: str, where: str) -> tuple[pl.Expr, bool]:
    """An expression that reads a column of times, and whether they resolve the hour.

    Looks at the first rows to tell how times are written. Single values that cannot be read become null, which
    cleaning drops and counts.

    Args:
        frame: The rows.
        column: Name of the column.
        time_format: ``auto`` tells by type and size; ``iso``, ``s``, ``ms``, ``us`` say it; anything with a ``%`` is a
            format of strptime.
        time_zone: IANA name: where wall clocks without an offset stand.
        where: Names the file in messages.

    Raises:
        DataError: The column is of another type, or most of its first values cannot be read.

    """
    sample = collect(frame.select(column).head(SAMPLE), where)[column].drop_nulls()
    expression, has_hours = _reading(sample, time_format, time_zone, f"{where}: column {column!r}")
    if len(sample):
        read = sample.to_frame().select(expression.alias("read"))["read"]
        if read.null_count() * 2 > len(read):
            example = sample.filter(read.is_null())[0]
            raise DataError(
                f"{where}: column {column!r}: expected times ({_describe(time_format)}), found {example!r}. "
                "Set dataset.time_format to iso, s, ms, us or a format like %d.%m.%Y %H:%M, or name another column"
            )
    return expression, has_hours


def _reading(sample: pl.Series, time_format: str, time_zone: str, where: str) -> tuple[pl.Expr, bool]:
    value, dtype = pl.col(sample.name), sample.dtype
    if dtype == pl.Date:
        return value, False
    if isinstance(dtype, pl.Datetime):
        return (_zoned(value, time_zone) if dtype.time_zone is None else _utc(value)), True
    if dtype.is_numeric():
        return _epoch(value, _unit(sample.cast(pl.Float64), time_format)), True
    if dtype != pl.String:
        raise DataError(f"{where}: expected dates or times, found {dtype}. Convert it, or name another column")
    text = value.str.strip_chars()
    if "%" in time_format:
        if not any(part in time_format for part in _CLOCK):
            return text.str.to_date(time_format, strict=False), False
        if "%z" in time_format or "%Z" in time_format or "%+" in time_format:
            return text.str.to_datetime(time_format, time_unit="us", time_zone="UTC", strict=False), True
        return _zoned(text.str.to_datetime(time_format, time_unit="us", strict=False), time_zone), True
    numbers = sample.str.strip_chars().cast(pl.Float64, strict=False)
    if time_format in EPOCH_UNITS or (time_format == "auto" and len(sample) and numbers.null_count() * 2 < len(sample)):
        number = text.cast(pl.Float64, strict=False)
        return _epoch(number, _unit(numbers, time_format)), True
    return _iso(sample, text, time_zone)


def _iso(sample: pl.Series, text: pl.Expr, time_zone: str) -> tuple[pl.Expr, bool]:
    trimmed = sample.str.strip_chars()
    if trimmed.str.contains(r"^\d{4}-\d{2}-\d{2}$").all():
        return text.str.to_date("%Y-%m-%d", strict=False), False
    plain = text.str.replace(" ", "T", literal=True)
    wall = [_zoned(plain.str.to_datetime(form, time_unit="us", strict=False), time_zone) for form in _ISO]
    if not trimmed.str.contains(r"(Z|[+-]\d{2}:?\d{2})$").any():
        return pl.coalesce(wall), True
    offset = (
        plain.str.replace(" ", "", literal=True).str.replace(r"Z$", "+0000").str.replace(r"(\d{2}):(\d{2})$", "$1$2")
    )
    offset = pl.when(text.str.contains(r"[:T ]\d{2}(\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})$")).then(offset)
    with_offset = [
        offset.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in _ISO_WITH_OFFSET
    ]
    return pl.coalesce(*with_offset, *wall), True


def _zoned(wall: pl.Expr, time_zone: str) -> pl.Expr:
    """A wall clock in its zone; an hour that comes twice is its first, one that does not exist is null."""
    return _utc(wall.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null"))


def _utc(moment: pl.Expr) -> pl.Expr:
    return moment.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _epoch(value: pl.Expr, microseconds: float) -> pl.Expr:
    whole = (value.cast(pl.Float64) * microseconds).round() if microseconds < 1 else value * microseconds
    return whole.cast(pl.Int64, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _unit(values: pl.Series, time_format: str) -> float:
    """Microseconds per unit, told by size: seconds reach 1e11 in the year 5138, milliseconds 1e14, and so on."""
    if time_format in EPOCH_UNITS:
        return EPOCH_UNITS[time_format]
    largest = values.abs().median() or 0
    for limit, unit in ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1)):
        if float(largest) < limit:  # type: ignore[arg-type]
            return unit
    return 1e-3


def _describe(time_format: str) -> str:
    named = {"auto": "ISO 8601, dates, or seconds or milliseconds since 1970", "iso": "ISO 8601"}
    if time_format in EPOCH_UNITS:
        return f"{time_format} since 1970"
    return named.get(time_format, f"written as {time_format}")
