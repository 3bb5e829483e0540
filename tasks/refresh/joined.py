"""The champion's log with what came beside it, as one raw log."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog
from tasks.features.identity import as_text
from tasks.ingestion.raw import RawLog, SourceFile
from tasks.ingestion.schema import collect, describe_files
from tasks.model_format import EventKinds
from tasks.refresh.further import ForgottenUsers, Further

_IDS = (Column.USER_ID, Column.ITEM_ID)


def joined(raw: RawLog, more: Further, kinds: EventKinds) -> RawLog:
    """One raw log of everything.

    Ids of the log stay numbers where all the others can be read as numbers; otherwise all become text, which users and
    items are told by anyway.

    Args:
        raw: The champion's log.
        more: What comes beside it.
        kinds: Weights of the champion: an event without a kind is of the one that weighs what most first touches did.

    """
    if more.events is not None and more.events.height:
        raw = _with_events(raw, more.events, kinds)
    if more.forgotten is not None:
        raw = _without(raw, more.forgotten)
    files = tuple(SourceFile(Path(f"refresh {place}"), digest) for place, digest in enumerate(more.digests()))
    return replace(raw, files=(*raw.files, *files))


def _with_events(raw: RawLog, events: pl.DataFrame, kinds: EventKinds) -> RawLog:
    rows, schema = raw.rows, raw.rows.collect_schema()
    retyped = {}
    for name in _IDS:
        numbers = events[name].cast(pl.Int64, strict=False) if schema[name].is_integer() else None
        if numbers is not None and numbers.null_count() == events[name].null_count():
            events = events.with_columns(numbers.cast(schema[name]))
        elif schema[name] != pl.String:
            rows = rows.with_columns(pl.col(name).cast(pl.String))
            retyped[name] = pl.String()
    moment = pl.col(Column.TIMESTAMP)
    days = schema[Column.TIMESTAMP] == pl.Date
    events = events.with_columns(moment.dt.date() if days else moment.cast(schema[Column.TIMESTAMP]))
    if Column.KIND in schema:
        given = pl.col(Column.KIND) if Column.KIND in events.columns else pl.lit(None, pl.String)
        events = events.with_columns(given.fill_null(_usual(raw, kinds)).alias(Column.KIND))
    known = [name for name in events.columns if name in schema]
    cast = [pl.col(name).cast(schema[name], strict=False) for name in known if name not in (*_IDS, Column.TIMESTAMP)]
    events = events.with_columns(cast).select(known)
    together = pl.concat([rows, events.lazy()], how="diagonal")
    return replace(raw, rows=together, schema={**raw.schema, **retyped})


def _usual(raw: RawLog, kinds: EventKinds) -> str | None:
    if raw.kinds is None:
        return None
    usual = [kind for kind in raw.kinds.counting if np.isclose(raw.kinds.weights[kind], kinds.usual)]
    return next(iter([*(kind for kind in usual if kind in raw.kinds.targets), *usual]), raw.kinds.targets[0])


def _without(raw: RawLog, forgotten: ForgottenUsers) -> RawLog:
    user = pl.col(Column.USER_ID).cast(pl.String)
    ids = collect(raw.rows.select(user.unique()), describe_files(raw))[Column.USER_ID]
    gone = forgotten.among(ids)
    return replace(raw, rows=raw.rows.filter(~user.is_in(gone.implode()).fill_null(False))) if len(gone) else raw


def with_listed_items(log: EventLog, raw: RawLog, items: pl.DataFrame | None) -> tuple[EventLog, NDArray[np.int32]]:
    """The log with the items that tables name: those that nobody has touched yet get a row, and all their features.

    Args:
        log: The cleaned log.
        raw: Its source, perhaps with a table of items.
        items: A further table with item_id and features.

    Returns:
        The log, and the rows of the items that tables name, int32.

    """
    tables = [] if raw.item_features is None else [collect(raw.item_features, f"item_features of {raw.name}")]
    tables += [] if items is None else [items]
    tables = [table.with_columns(as_text(table[Column.ITEM_ID])) for table in tables]
    if not tables:
        return log, np.zeros(0, dtype=np.int32)
    told = pl.concat(tables, how="diagonal_relaxed").drop_nulls(Column.ITEM_ID)
    told = told.unique(Column.ITEM_ID, keep="last", maintain_order=True).sort(Column.ITEM_ID)
    own = as_text(log.items[Column.ITEM_ID])
    new = told[Column.ITEM_ID].filter(~told[Column.ITEM_ID].is_in(own.implode()))
    ids = log.items[Column.ITEM_ID]
    if ids.dtype.is_integer():
        numbers = new.cast(ids.dtype, strict=False)
        ids, new = (ids, numbers) if numbers.null_count() == 0 else (own, new)
    ids = pl.concat([ids, new.alias(Column.ITEM_ID)])
    rows = pl.DataFrame({Column.ITEM_ID: as_text(ids), Column.ITEM: np.arange(len(ids), dtype=np.int32)})
    told = told.join(rows, on=Column.ITEM_ID, how="inner").drop(Column.ITEM_ID)
    features = log.item_attributes
    silent = told.join(features.select(Column.ITEM), on=Column.ITEM, how="anti")
    known = [name for name in features.columns if name in silent.columns]
    cast = [pl.col(name).cast(features.schema[name], strict=False) for name in known]
    if len(known) > 1:
        features = pl.concat([features, silent.select(cast)], how="diagonal")
        features = features.sort(Column.ITEM, Column.FIRST_SEEN, nulls_last=False, maintain_order=True)
    listed = told[Column.ITEM].to_numpy().astype(np.int32)
    return replace(log, items=ids.to_frame(), item_attributes=features), np.sort(listed)
