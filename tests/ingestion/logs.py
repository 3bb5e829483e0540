"""Small raw logs for tests of the ingestion."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tasks.domain import Column, LogRoles
from tasks.ingestion.raw import CANCELLATION, RawLog

UTC = datetime.UTC
DTYPES: dict[str, Any] = {
    Column.TIMESTAMP: pl.Datetime("us", "UTC"),
    Column.QUANTITY: pl.Float32,
    Column.PRICE: pl.Float32,
    Column.KIND: pl.String,
    Column.VISIT_ID: pl.String,
    CANCELLATION: pl.Boolean,
}


def at(day: int, hour: int = 12, month: int = 3) -> datetime.datetime:
    """A moment in 2024."""
    return datetime.datetime(2024, month, day, hour, tzinfo=UTC)


def raw_log(columns: Mapping[str, Sequence[Any]], **settings: Any) -> RawLog:
    """A raw log of these columns; other settings as for ``RawLog``."""
    types = {name: dtype for name, dtype in DTYPES.items() if name in columns}
    frame = pl.DataFrame(dict(columns), schema_overrides={**types, **settings.pop("types", {})})
    has_times = Column.TIMESTAMP in columns
    defaults: dict[str, Any] = {
        "rows": frame.lazy(),
        "schema": dict(frame.schema),
        "roles": LogRoles(has_times=has_times, has_hours=has_times, has_cancellations=CANCELLATION in columns),
        "files": (),
        "visit": "visit_id" if Column.VISIT_ID in columns else "day",
        "time_zone": "UTC",
        "kinds": None,
        "non_product_items": None,
        "name": "test",
    }
    return RawLog(**{**defaults, **settings})
