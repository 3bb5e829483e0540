"""Requests of one row per user, as a served model takes them, and as the tables that a model takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tasks.domain import Column
from tasks.errors import DataError

ITEMS, TIMESTAMPS, KINDS = "items", "timestamps", "kinds"
"""Columns with one entry per event of the user."""

_OPTIONAL = {TIMESTAMPS: Column.TIMESTAMP, KINDS: Column.KIND}


def tables_of(
    rows: Sequence[Mapping[str, Any]], features: Sequence[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]:
    """The tables that ``Model.recommend`` takes: events, users, and user features where a row has some.

    Args:
        rows: One per user: ``user_id``; ``items``, ids of the user's items in order of time, none for a user without
            events; optionally ``timestamps`` and ``kinds`` with an entry per item, and features.
        features: Names of the features that the model reads; other columns are ignored.

    Raises:
        DataError: There is no row, a row has no user_id, or its lists differ in length.

    """
    if not rows:
        raise DataError("expected at least one row with user_id and items, got none")
    users = [_text(row.get(Column.USER_ID)) for row in rows]
    if None in users:
        raise DataError(f"row {users.index(None)}: expected a user_id, got none")
    per_event = {ITEMS: Column.ITEM_ID}
    per_event |= {name: column for name, column in _OPTIONAL.items() if any(_entries(row, name) for row in rows)}
    columns: dict[str, list[str | None]] = {column: [] for column in (Column.USER_ID, *per_event.values())}
    for user, row in zip(users, rows, strict=True):
        items = _entries(row, ITEMS)
        columns[Column.USER_ID] += [user] * len(items)
        for name, column in per_event.items():
            entries = _entries(row, name) or [None] * len(items)
            if len(entries) != len(items):
                raise DataError(f"user {user}: expected as many {name} as items, got {len(entries)} and {len(items)}")
            columns[column] += [_text(entry) for entry in entries]
    told = {name: [_text(row.get(name)) for row in rows] for name in features}
    told = {name: values for name, values in told.items() if any(values)}
    asked = _table({Column.USER_ID: users})
    return _table(columns), asked, _table({Column.USER_ID: users, **told}) if told else None


def _table(columns: Mapping[str, Sequence[str | None]]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _entries(row: Mapping[str, Any], name: str) -> list[Any]:
    value = row.get(name)
    # A data frame writes a list that is missing as nan.
    return [] if value is None or isinstance(value, float) else list(value)


def _text(value: Any) -> str | None:
    """None and nan stand for nothing."""
    return None if value is None or value != value else str(value)
