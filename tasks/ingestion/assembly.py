"""From kept rows to the clean log: dense numbers, one order, no duplicates, cancellations put to their purchases."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog
from tasks.ingestion.cleaning.cancellations import take_back
from tasks.ingestion.cleaning.rows import DAY
from tasks.ingestion.cleaning.rules import CleaningRules
from tasks.ingestion.descriptions import features_of_users, item_attributes
from tasks.ingestion.identifiers import Coded
from tasks.ingestion.kinds import weigh
from tasks.ingestion.ordering import sort_rows, sort_ties
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.quality import RuleCount
from tasks.ingestion.raw import CANCELLATION, RawLog
from tasks.ingestion.schema import describe_files
from tasks.ingestion.visits import as_times, moments, visit_keys

TYPES: dict[str, type[pl.DataType]] = {
    Column.USER: pl.Int32,
    Column.ITEM: pl.Int32,
    Column.TIME: pl.Int64,
    Column.VISIT: pl.Int64,
    Column.WEIGHT: pl.Float32,
    Column.KIND: pl.UInt8,
    Column.QUANTITY: pl.Float32,
    Column.PRICE: pl.Float32,
}
"""Columns of the clean log."""


def assemble(
    raw: RawLog,
    frame: pl.DataFrame,
    rules: CleaningRules,
    privacy: Privacy,
    digest: str,
    *,
    attributes_by_user: bool = False,
) -> tuple[EventLog, list[RuleCount]]:
    """Number, sort, de-duplicate and cancel.

    Args:
        raw: The log the rows are from.
        frame: Rows that passed the row-wise rules, in any order; where the log has times with ``day`` and, but
            for dates, ``time``; with ``cancellation`` where it can tell.
        rules: ``duplicates`` is used.
        privacy: Whether user ids become pseudonyms.
        digest: sha256 over the source files.
        attributes_by_user: Keep in whose rows the attributes of items stand.

    Returns:
        The clean log (without events where nothing was bought), and what the two rules did.

    """
    bought, taken_back = _divided(frame)
    # numpy sorts on one core: the items are numbered and described beside the sorting of the events.
    with ThreadPoolExecutor(max_workers=2) as pool:
        numbering = pool.submit(Coded.of, bought[Column.ITEM_ID])

        def describe(owners: Coded | None) -> pl.DataFrame:
            return item_attributes(raw, bought, numbering.result(), owners)

        at_once = None if attributes_by_user else pool.submit(describe, None)
        users, user_ids = _users(bought[Column.USER_ID], privacy)
        describing = at_once or pool.submit(describe, users)
        items = numbering.result()
        columns, kinds = _columns(raw, bought, users, items)
        order, same = _sorted(columns)
        kept = order[~same] if rules.duplicates and same.any() else order
        events = _gathered(columns, kept, are_days=_are_days(bought))
        by_user = events[Column.USER].to_numpy() if len(kept) == len(order) else users.codes[order]
        described = features_of_users(raw, bought, users, order, by_user, same)
        log = EventLog(
            events=events,
            users=pl.DataFrame([user_ids, *described]),
            items=pl.DataFrame([items.values.alias(Column.ITEM_ID)]),
            item_attributes=describing.result(),
            roles=dataclasses.replace(raw.roles, has_cancellations=False),
            kinds=kinds,
            target_kinds=None if raw.kinds is None else raw.kinds.targets,
            digest=digest,
        )
    counts = [RuleCount("duplicate", bought.height - len(kept))] if rules.duplicates else []
    if taken_back is not None and (taken_back.height or raw.roles.has_cancellations):
        log, count = take_back(log, _known(taken_back, users, items, rules), taken_back.height)
        counts.append(count)
    return log, counts


def _columns(
    raw: RawLog, bought: pl.DataFrame, users: Coded, items: Coded
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """The columns of the clean log in the order of the raw one, each (N,), null as NaN; and the names of the kinds.

    ``time`` is the day as long as the log has dates only.
    """
    kinds, weights = None, None
    names: tuple[str, ...] = ()
    if Column.KIND in bought.columns:
        kinds, weights, names = weigh(bought[Column.KIND], raw.kinds, describe_files(raw))
    moment = moments(bought)
    amounts = {name: bought[name].to_numpy() for name in (Column.QUANTITY, Column.PRICE) if name in bought.columns}
    columns = {
        Column.USER: users.codes,
        Column.ITEM: items.codes,
        Column.TIME: None if moment is None else moment.to_numpy(),
        # A visit that is a day needs no column of its own where times are days.
        Column.VISIT: None if raw.visit == "day" and _are_days(bought) else visit_keys(raw, bought),
        Column.WEIGHT: weights,
        Column.KIND: kinds,
        **amounts,
    }
    return {name: column for name, column in columns.items() if column is not None}, names


def _are_days(frame: pl.DataFrame) -> bool:
    moment = moments(frame)
    return moment is not None and moment.name == DAY


def _sorted(columns: dict[str, NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows by user, time and item, then by whatever else tells them apart; and which agree with the one before."""
    keys = (Column.USER, Column.TIME, Column.ITEM)
    order, starts = sort_rows([columns[name] for name in keys if name in columns])
    rest = (Column.KIND, Column.QUANTITY, Column.PRICE, Column.VISIT)
    return order, sort_ties(order, starts, [columns[name] for name in rest if name in columns])


def _gathered(columns: dict[str, NDArray[Any]], rows: NDArray[np.int64], *, are_days: bool) -> pl.DataFrame:
    """The events in their order; numpy gathers numbers several times faster than Polars."""
    events = {name: pl.Series(name, np.take(column, rows)) for name, column in columns.items()}
    if are_days:
        days = events[Column.TIME].alias(DAY)
        events[Column.TIME] = as_times(days)
        events.setdefault(Column.VISIT, days.alias(Column.VISIT))
    if Column.WEIGHT not in events:
        events[Column.WEIGHT] = pl.repeat(1.0, len(rows), dtype=pl.Float32, eager=True).alias(Column.WEIGHT)
    for name in (Column.QUANTITY, Column.PRICE):
        if name in events:
            events[name] = events[name].fill_nan(None)
    return pl.DataFrame([events[name].cast(dtype) for name, dtype in TYPES.items() if name in events])


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
    moment = moments(numbered)
    if moment is not None:
        numbered = numbered.with_columns(as_times(moment))
    numbered = numbered.select([name for name in event if name in numbered.columns])
    return numbered.unique(maintain_order=True) if rules.duplicates else numbered
