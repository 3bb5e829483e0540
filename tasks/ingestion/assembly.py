"""From kept rows to the clean log: dense numbers, one order, no duplicates, cancellations put to their purchases."""

import dataclasses
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog
from tasks.ingestion.attributes import Sorted, at_first_event, distinct_over_time, known_before
from tasks.ingestion.cleaning.cancellations import take_back
from tasks.ingestion.cleaning.rows import DAY
from tasks.ingestion.cleaning.rules import CleaningRules
from tasks.ingestion.identifiers import Coded
from tasks.ingestion.kinds import weigh
from tasks.ingestion.ordering import sort_rows, sort_ties
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.quality import RuleCount
from tasks.ingestion.raw import CANCELLATION, RawLog
from tasks.ingestion.schema import describe_files
from tasks.ingestion.visits import visit_keys


def assemble(
    raw: RawLog, frame: pl.DataFrame, rules: CleaningRules, privacy: Privacy, digest: str
) -> tuple[EventLog, list[RuleCount]]:
    """Number, sort, de-duplicate and cancel.

    Args:
        raw: The log the rows are from.
        frame: Rows that passed the row-wise rules, in any order, with ``time`` and ``day`` where the log has times,
            and ``cancellation`` where it can tell.
        rules: ``duplicates`` is used.
        privacy: Whether user ids become pseudonyms.
        digest: sha256 over the source files.

    Returns:
        The clean log (without events where nothing was bought), and what the two rules did.

    """
    bought, taken_back = _divided(frame)
    users, user_ids = _users(bought[Column.USER_ID], privacy)
    items = Coded.of(bought[Column.ITEM_ID])
    kinds, weights, kind_names = weigh(raw, bought)
    visits, times = visit_keys(raw, bought), _numbers(bought, Column.TIME)
    quantities, prices = _numbers(bought, Column.QUANTITY), _numbers(bought, Column.PRICE)

    # A day stands for its midnight; the small number is quicker to sort by.
    moment = times if raw.roles.has_hours else _numbers(bought, DAY)
    order, starts = sort_rows([column for column in (users.codes, moment, items.codes) if column is not None])
    same = sort_ties(order, starts, [column for column in (kinds, quantities, prices, visits) if column is not None])
    kept = order[~same] if rules.duplicates and same.any() else order

    columns: dict[str, tuple[NDArray[Any] | None, type[pl.DataType]]] = {
        Column.USER: (users.codes, pl.Int32),
        Column.ITEM: (items.codes, pl.Int32),
        Column.WEIGHT: (weights, pl.Float32),
        Column.TIME: (times, pl.Int64),
        Column.VISIT: (visits, pl.Int64),
        Column.KIND: (kinds, pl.UInt8),
        Column.QUANTITY: (quantities, pl.Float32),
        Column.PRICE: (prices, pl.Float32),
    }
    events = pl.DataFrame(
        [pl.Series(name, column[kept], dtype=dtype) for name, (column, dtype) in columns.items() if column is not None]
    ).with_columns(pl.col(pl.Float32).fill_nan(None))
    # Features are read off all rows, duplicates too: which of them stays is then of no consequence.
    in_order = Sorted(bought, order, users.codes[order], None if times is None else times[order])
    log = EventLog(
        events=events,
        users=pl.DataFrame([user_ids, *_user_features(raw, in_order, users.values)]),
        items=pl.DataFrame([items.values.alias(Column.ITEM_ID)]),
        item_attributes=_item_attributes(raw, bought, items, times),
        roles=dataclasses.replace(raw.roles, has_cancellations=False),
        kinds=kind_names,
        digest=digest,
    )
    counts = [RuleCount("duplicate", bought.height - len(kept))] if rules.duplicates else []
    if taken_back is not None and (taken_back.height or raw.roles.has_cancellations):
        log, count = take_back(log, _known(taken_back, users, items, rules), taken_back.height)
        counts.append(count)
    return log, counts


def _divided(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Purchases, and the rows that take purchases back (None where the log cannot tell)."""
    if CANCELLATION not in frame.columns:
        return frame, None
    if not frame[CANCELLATION].any():
        return frame, frame.clear()
    return frame.filter(~pl.col(CANCELLATION)), frame.filter(pl.col(CANCELLATION))


def _users(ids: pl.Series, privacy: Privacy) -> tuple[Coded, pl.Series]:
    """User numbers in the order of what the log will show: ids or pseudonyms, whose order tells nothing."""
    users = Coded.of(ids)
    shown = privacy.pseudonyms(users.values).alias(Column.USER_ID)
    if not privacy.pseudonymise:
        return users, shown
    order = shown.arg_sort().to_numpy()
    return users.reordered(order), shown.gather(order)


def _known(taken_back: pl.DataFrame, users: Coded, items: Coded, rules: CleaningRules) -> pl.DataFrame:
    """Cancellations of users and items that bought something, as numbers."""
    numbered = taken_back.with_columns(
        pl.Series(Column.USER, users.find(taken_back[Column.USER_ID])),
        pl.Series(Column.ITEM, items.find(taken_back[Column.ITEM_ID])),
    ).filter((pl.col(Column.USER) < len(users.values)) & (pl.col(Column.ITEM) < len(items.values)))
    event = [Column.USER, Column.ITEM, Column.TIME, Column.VISIT_ID, Column.KIND, Column.QUANTITY, Column.PRICE]
    numbered = numbered.select([name for name in event if name in numbered.columns])
    return numbered.unique(maintain_order=True) if rules.duplicates else numbered


def _user_features(raw: RawLog, rows: Sorted, ids: pl.Series) -> list[pl.Series]:
    names = (*raw.roles.user_categories, *raw.roles.user_numbers)
    from_log = at_first_event(rows, [name for name in names if name in rows.frame.columns])
    elsewhere = [name for name in names if name not in rows.frame.columns]
    where = f"user_features of {describe_files(raw)}"
    found = {column.name: column for column in from_log}
    found |= {column.name: column for column in known_before(ids, raw.user_features, Column.USER_ID, elsewhere, where)}
    return [found[name] for name in names]


def _item_attributes(raw: RawLog, bought: pl.DataFrame, items: Coded, times: NDArray[np.int64] | None) -> pl.DataFrame:
    """Values seen in the log, with the table's beside them; the table's alone are known from before the log."""
    text = (raw.roles.item_text,) if raw.roles.item_text else ()
    names = (*raw.roles.item_categories, *raw.roles.item_numbers, *text)
    in_log = [name for name in names if name in bought.columns]
    elsewhere = [name for name in names if name not in bought.columns]
    where = f"item_features of {describe_files(raw)}"
    table = pl.DataFrame(known_before(items.values, raw.item_features, Column.ITEM_ID, elsewhere, where))
    table = pl.DataFrame([pl.Series(Column.ITEM, np.arange(len(items.values)), dtype=pl.Int32), *table])
    if in_log:
        seen = distinct_over_time(bought, in_log, items.codes, times)
        found = seen.join(table, on=Column.ITEM, how="left", maintain_order="left")
    else:
        found = table.with_columns(pl.lit(None, pl.Int64).alias(Column.FIRST_SEEN))
    return found.select(Column.ITEM, *names, Column.FIRST_SEEN).filter(
        pl.any_horizontal(pl.col(names).is_not_null()) if names else pl.lit(False)
    )


def _numbers(frame: pl.DataFrame, name: str) -> NDArray[Any] | None:
    """A numeric column, (N,), null as NaN; None where the log has no such column."""
    return frame[name].to_numpy() if name in frame.columns else None
