"""What is known of users and items besides their events."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, Ragged
from tasks.errors import DataError
from tasks.ingestion.identifiers import Coded
from tasks.ingestion.ordering import sort_rows
from tasks.ingestion.schema import collect
from tasks.ingestion.visits import as_times, moments


def at_first_event(
    frame: pl.DataFrame,
    names: Sequence[str],
    order: NDArray[np.int64],
    users: NDArray[np.int32],
    same: NDArray[np.bool_],
) -> list[pl.Series]:
    """The value of each column at the user's first event, one per user.

    Args:
        frame: Rows of the log, in any order.
        names: Columns of ``frame``.
        order: Positions of its rows in the order of the clean log: by user, then time; shape (N,).
        users: User at each place of ``order``, shape (N,); every user has a row.
        same: Whether the row at that place is a duplicate of the one before, shape (N,). Where duplicates of the first
            event differ in a feature, it is the smallest value: the order of the file must not matter.

    """
    if not names:
        return []
    starts = np.concatenate(([0], np.flatnonzero(users[1:] != users[:-1]) + 1))
    places, owners = starts, np.arange(len(starts))
    if same.any():
        runs = np.flatnonzero(~same)
        lengths = np.diff(runs, append=len(same))[np.searchsorted(runs, starts)]
        first = Ragged.from_lengths(lengths)
        places, owners = np.repeat(starts, lengths) + first.position_in_row, first.row_of_entry
    rows = frame.select(names)[pl.Series(order[places].astype(np.uint32))]
    bounds = np.flatnonzero(np.diff(owners, prepend=-1))
    coded = ((name, Coded.of(rows[name])) for name in names)
    return [column.decode(np.minimum.reduceat(column.codes, bounds)).alias(name) for name, column in coded]


def distinct_over_time(
    frame: pl.DataFrame, names: Sequence[str], items: NDArray[np.int32], users: NDArray[np.int32] | None = None
) -> pl.DataFrame:
    """Distinct values of item columns with the time each was first seen.

    Args:
        frame: Rows of the log, in any order, with ``time`` or ``day`` where the log has times.
        names: Columns of ``frame``.
        items: Item of each row, shape (N,); every item below the highest has a row.
        users: User of each row, shape (N,): values are then distinct for every user.

    Returns:
        item Int32, the columns, first_seen Int64 (null without times), with ``users`` also user Int32; sorted by
        (item, first_seen, values, user).

    """
    coded = [Coded.of(frame[name]) for name in names]
    moment = moments(frame)
    when = np.zeros(len(items), dtype=np.int32) if moment is None else moment.to_numpy()
    codes: list[NDArray[np.integer]] = [column.codes for column in coded]
    if users is not None:
        codes.append(users)
    rows = _first_of_each(items, codes, when)
    rows = rows[sort_rows([items[rows], when[rows], *(column[rows] for column in codes)])[0]]
    seen = pl.Series([None] * len(rows), dtype=pl.Int64)
    if moment is not None:
        seen = as_times(pl.Series(moment.name, when[rows]))
    columns = [column.decode(column.codes[rows]).alias(name) for name, column in zip(names, coded, strict=True)]
    owners = [] if users is None else [pl.Series(Column.USER, users[rows], dtype=pl.Int32)]
    numbers = pl.Series(Column.ITEM, items[rows], dtype=pl.Int32)
    return pl.DataFrame([numbers, *owners, *columns, seen.alias(Column.FIRST_SEEN)])


def _first_of_each(
    items: NDArray[np.int32], codes: Sequence[NDArray[np.integer]], when: NDArray[np.integer]
) -> NDArray[np.int64]:
    """The earliest row of every distinct (item, values), in any order."""
    total = int(items.max()) + 1
    earliest = np.full(total, np.iinfo(when.dtype).max, dtype=when.dtype)
    np.minimum.at(earliest, items, when)
    is_earliest = np.flatnonzero(when == earliest[items])
    rows = np.empty(total, dtype=np.int64)
    rows[items[is_earliest]] = is_earliest
    # Most items never change: those that do are found by comparing with one row each, and only they are sorted.
    changes = np.zeros(total, dtype=np.bool_)
    for column in codes:
        changes[items[column[rows][items] != column]] = True
    steady = rows[~changes]

    moving = np.flatnonzero(changes[items])
    keys = [items[moving], *(column[moving] for column in codes)]
    order, _ = sort_rows([*keys, when[moving]])
    first = np.zeros(len(order), dtype=np.bool_)
    first[:1] = True
    for key in keys:
        ordered = key[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    return np.concatenate([steady, moving[order[first]]])


def known_before(
    ids: pl.Series, features: pl.LazyFrame | None, id_column: str, names: Sequence[str], where: str
) -> pl.DataFrame:
    """Features from a table beside the log, one row per identifier in the order of ``ids``.

    Args:
        ids: Identifiers of the log, distinct.
        features: The table; None where there is none.
        id_column: Name of its identifier column.
        names: Feature columns.
        where: Names the table in messages.

    Returns:
        The columns that the table has; null where it does not know the identifier.

    Raises:
        DataError: A column is in neither place, or an identifier has two rows that differ.

    """
    if not names:
        return pl.DataFrame()
    if features is None:
        raise DataError(f"{where}: expected the columns {', '.join(names)} in the log or in a table of features")
    found = features.collect_schema().names()
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"{where}: expected the columns {', '.join(missing)}, found {', '.join(found)}")
    # Text and numbers meet as text: "7" in a CSV is 7 in a Parquet file.
    key = pl.col(id_column).cast(pl.String)
    table = collect(features.select(key, *names).filter(key.is_not_null()).unique(maintain_order=True), where)
    twice = table[id_column].is_duplicated()
    if twice.any():
        raise DataError(
            f"{where}: expected one row for each {id_column}, found several that differ for "
            f"{table.filter(twice)[id_column][0]!r}. Keep one of them"
        )
    wanted = pl.DataFrame({id_column: ids.cast(pl.String)})
    return wanted.join(table, on=id_column, how="left", maintain_order="left").drop(id_column)
