"""Dense numbers again after rows were dropped."""

import dataclasses

import numpy as np
import polars as pl

from tasks.domain import Column, EventLog


def compact(log: EventLog) -> EventLog:
    """The same log without users and items that have no event left; the order of the others stays."""
    users, user_numbers = _left(log.events[Column.USER], log.users.height)
    items, item_numbers = _left(log.events[Column.ITEM], log.items.height)
    if users.all() and items.all():
        return log
    attributes = log.item_attributes
    attributes = attributes.filter(pl.Series(items[attributes[Column.ITEM].to_numpy()], dtype=pl.Boolean))
    if Column.USER in attributes.columns:
        attributes = attributes.filter(pl.Series(users[attributes[Column.USER].to_numpy()], dtype=pl.Boolean))
        attributes = _renumbered(attributes, Column.USER, user_numbers)
    return dataclasses.replace(
        log,
        events=_renumbered(_renumbered(log.events, Column.USER, user_numbers), Column.ITEM, item_numbers),
        users=log.users.filter(pl.Series(users)),
        items=log.items.filter(pl.Series(items)),
        item_attributes=_renumbered(attributes, Column.ITEM, item_numbers),
    )


def _left(codes: pl.Series, total: int) -> tuple[np.ndarray, np.ndarray]:
    left = np.bincount(codes.to_numpy(), minlength=total) > 0
    return left, (np.cumsum(left) - 1).astype(np.int32)


def _renumbered(frame: pl.DataFrame, column: str, numbers: np.ndarray) -> pl.DataFrame:
    return frame.with_columns(pl.Series(column, numbers[frame[column].to_numpy()], dtype=pl.Int32))
