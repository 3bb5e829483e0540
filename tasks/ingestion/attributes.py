"""What is known of users and items besides their events."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.errors import DataError
from tasks.ingestion.identifiers import Coded
from tasks.ingestion.ordering import sort_rows


@dataclass(frozen=True, slots=True)
class Sorted:
    """Rows of a log in the order of (user, time).

    Attributes:
        frame: The rows, in any order.
        order: Positions of rows of ``frame``, sorted, shape (N,).
        users: User at each place of ``order``, int32 (N,).
        times: Time at each place of ``order``, int64 (N,); None without times.

    """

    frame: pl.DataFrame
    order: NDArray[np.intp]
    users: NDArray[np.int32]
    times: NDArray[np.int64] | None


def at_first_event(rows: Sorted, names: Sequence[str]) -> list[pl.Series]:
    """The value of each column at the user's first event, one per user.

    Where several rows share the first time it is the smallest value that is not null, so that the order of the
    file does not matter. Without times all rows count as first.
    """
    if not names:
        return []
    starts = np.flatnonzero(np.diff(rows.users, prepend=-1))
    first = rows.order
    if rows.times is not None:
        is_first = rows.times == np.repeat(rows.times[starts], np.diff(starts, append=len(rows.users)))
        first = first[is_first]
        starts = np.concatenate(([0], np.cumsum(is_first)))[starts]
    found = []
    for name in names:
        coded = Coded.of(rows.frame[name])
        found.append(coded.decode(np.minimum.reduceat(coded.codes[first], starts)).alias(name))
    return found


def distinct_over_time(
    frame: pl.DataFrame, names: Sequence[str], items: NDArray[np.int32], times: NDArray[np.int64] | None
) -> pl.DataFrame:
    """Distinct values of item columns with the time each was first seen.

    Args:
        frame: Kept rows of the log, in any order.
        names: Columns of ``frame``.
        items: Item of each row, shape (N,).
        times: Time of each row; None without times.

    Returns:
        item Int32, the columns, first_seen Int64 (null without times); sorted by (item, first_seen, values).

    """
    coded = [Coded.of(frame[name]) for name in names]
    keys: list[NDArray[np.integer]] = [items, *(column.codes for column in coded)]
    when = np.zeros(len(items), dtype=np.int64) if times is None else times
    order, _ = sort_rows([*keys, when])
    # The first row of each run of equal (item, values) carries the earliest time.
    starts = np.zeros(len(order), dtype=np.bool_)
    starts[:1] = True
    for key in keys:
        ordered = key[order]
        starts[1:] |= ordered[1:] != ordered[:-1]
    rows = order[starts]
    by_values: list[NDArray[np.integer]] = [column.codes[rows] for column in reversed(coded)]
    rows = rows[np.lexsort([*by_values, when[rows], items[rows]])]
    seen = pl.Series(Column.FIRST_SEEN, when[rows] if times is not None else [None] * len(rows), dtype=pl.Int64)
    columns = [column.decode(column.codes[rows]).alias(name) for name, column in zip(names, coded, strict=True)]
    return pl.DataFrame([pl.Series(Column.ITEM, items[rows], dtype=pl.Int32), *columns, seen])


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
    table = features.select(key, *names).filter(key.is_not_null()).unique(maintain_order=True).collect()
    twice = table[id_column].is_duplicated()
    if twice.any():
        raise DataError(
            f"{where}: expected one row for each {id_column}, found several that differ for "
            f"{table.filter(twice)[id_column][0]!r}. Keep one of them"
        )
    wanted = pl.DataFrame({id_column: ids.cast(pl.String)})
    return wanted.join(table, on=id_column, how="left", maintain_order="left").drop(id_column)
