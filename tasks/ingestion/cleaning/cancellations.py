"""Purchases that were taken back."""

import dataclasses

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog
from tasks.ingestion.compact import compact
from tasks.ingestion.quality import RuleCount

NEVER = np.iinfo(np.int64).max
"""Time of cancellation of a purchase that stands."""


def take_back(log: EventLog, cancellations: pl.DataFrame, rows: int) -> tuple[EventLog, RuleCount]:
    """Put cancellations to the purchases they take back.

    Args:
        log: The log without them.
        cancellations: user, item, where the log has them also time, kind (as text) and quantity; only of users and
            items in the log. One of a kind that counts takes back that kind; any other what is asked for: a return
            undoes the purchase, not the latest view.
        rows: Number of raw rows that were cancellations, also of users and items not in the log.

    Returns:
        The log with ``cancelled_at``; without times, a log without the purchases that were cancelled.

    """
    events, bought = log.events, log.events.height
    both = [np.concatenate([_whole(events, name), _whole(cancellations, name)]) for name in _KEYS]
    quantities = np.concatenate([_quantity(events), _quantity(cancellations)])
    is_cancellation = np.arange(len(quantities)) >= bought
    pairs = (both[0] * log.items.height + both[1]) * (len(log.kinds) + 1) + _stacks(log, cancellations)
    when = cancelled_at(pairs, both[2], quantities, is_cancellation)[:bought]
    cancelled = int((when != NEVER).sum())
    if log.roles.has_times:
        column = pl.Series(Column.CANCELLED_AT, when, dtype=pl.Int64)
        events = events.with_columns(column.set(column == NEVER, None))
        roles = dataclasses.replace(log.roles, has_cancellations=True)
        return dataclasses.replace(log, events=events, roles=roles), RuleCount("cancellation", rows, cancelled)
    standing = dataclasses.replace(log, events=events.filter(pl.Series(when == NEVER)))
    return compact(standing), RuleCount("cancellation", rows + cancelled)


_KEYS = (Column.USER, Column.ITEM, Column.TIME)


def _whole(frame: pl.DataFrame, name: str) -> NDArray[np.int64]:
    return frame[name].to_numpy().astype(np.int64) if name in frame.columns else np.zeros(frame.height, dtype=np.int64)


def _stacks(log: EventLog, cancellations: pl.DataFrame) -> NDArray[np.int64]:
    """Which rows of a user and item belong together: 0 for what is asked for, else 1 + code of the kind."""
    stacks = np.zeros(log.events.height + cancellations.height, dtype=np.int64)
    if log.target_kinds is None:
        return stacks
    others = {kind: 1 + code for code, kind in enumerate(log.kinds) if kind not in log.target_kinds}
    of_code = np.array([others.get(kind, 0) for kind in log.kinds], dtype=np.int64)
    stacks[: log.events.height] = of_code[log.events[Column.KIND].to_numpy()]
    if others:
        named = cancellations[Column.KIND].replace_strict(others, default=0, return_dtype=pl.Int64)
        stacks[log.events.height :] = named.fill_null(0).to_numpy()
    return stacks


def _quantity(frame: pl.DataFrame) -> NDArray[np.float32]:
    """Pieces; NaN where unknown."""
    if Column.QUANTITY not in frame.columns:
        return np.ones(frame.height, dtype=np.float32)
    return frame[Column.QUANTITY].to_numpy()


def cancelled_at(
    pairs: NDArray[np.int64],
    times: NDArray[np.int64],
    quantities: NDArray[np.float32],
    is_cancellation: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """When each purchase was cancelled in full.

    A cancellation takes back the latest purchases of the same user and item first, those at its own time
    included: what remains of the latest one, then of the one before, as a stack of pieces. A purchase is cancelled
    when its last piece is taken back. Pieces beyond what was bought are ignored.

    Args:
        pairs: A number per user and item, shape (N,).
        times: Microseconds, shape (N,); all equal where the log has no times.
        quantities: Pieces bought or taken back, shape (N,); the sign is ignored, NaN stands for 1.
        is_cancellation: Which rows take back, shape (N,).

    Returns:
        int64 (N,): the time of the row that took back the last piece; ``NEVER`` for purchases that stand and
        for the cancellations themselves.

    """
    when = np.full(len(pairs), NEVER, dtype=np.int64)
    touched = np.isin(pairs, pairs[is_cancellation])
    rows = np.flatnonzero(touched)
    pieces = np.abs(np.nan_to_num(quantities, nan=1.0))
    # Ties in time: purchases first, the smallest first, so that the order of the file does not matter.
    order = rows[np.lexsort((pieces[rows], is_cancellation[rows], times[rows], pairs[rows]))]
    # A stack per pair is sequential by nature; it runs over the rows of cancelled pairs only.
    stack: list[tuple[int, float]] = []
    current = None
    for row, pair, taken, amount in zip(
        order.tolist(), pairs[order].tolist(), is_cancellation[order].tolist(), pieces[order].tolist(), strict=True
    ):
        if pair != current:
            current, stack = pair, []
        if not taken:
            stack.append((row, amount))
            continue
        while stack and amount > 0:
            bought, left = stack.pop()
            if amount < left:
                stack.append((bought, left - amount))
            else:
                when[bought] = times[row]
            amount -= left
    return when
