"""Who a model was fitted on: their ids and histories, so that a service knows them when they come again."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog, NewUsers, Ragged, Training, UserFeatures
from tasks.features.identity import as_text
from tasks.splitting.ties import id_hashes

_ITEMS, _TIMES, _WEIGHTS, _NOW = "items", "times", "weights", "now"
_CATEGORIES, _NUMBERS = "categories", "numbers"


@dataclass(frozen=True)
class Customers:
    """The users of the training log.

    Attributes:
        ids: String (U,), distinct; pseudonyms where the log was read with them.
        users: Their histories and features, U users.

    """

    ids: pl.Series
    users: NewUsers

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.users):
            raise ValueError(f"expected {len(self.users)} ids, got {len(self.ids)}")

    @classmethod
    def of(cls, log: EventLog, training: Training) -> "Customers":
        """The warm users of a training."""
        warm = training.warm
        histories = warm.histories
        ids = as_text(log.users.get_column(Column.USER_ID)[histories.users.tolist()])
        now = None
        if histories.times is not None:
            now = np.full(len(ids), warm.now or 0, dtype=np.int64)
            held = np.flatnonzero(histories.rows.lengths)
            now[held] = histories.times[histories.rows.indptr[held]]
        users = NewUsers(
            rows=histories.rows,
            items=histories.items,
            times=histories.times,
            weights=histories.weights,
            features=training.user_features,
            now=now,
            ids=id_hashes(ids),
        )
        return cls(ids, users)

    def __len__(self) -> int:
        return len(self.ids)

    def row_of(self, user_id: str) -> int | None:
        """Row of a user; None for a stranger."""
        return self._places.get(user_id)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {user: row for row, user in enumerate(self.ids.to_list())}

    def to_frame(self) -> pl.DataFrame:
        """One row per user; what is told per item stands in lists."""
        users = self.users
        columns = {
            Column.USER_ID: self.ids,
            _ITEMS: _lists(users.items, users.rows),
            _WEIGHTS: _lists(users.weights, users.rows),
            _CATEGORIES: _rows(users.features.categories),
            _NUMBERS: _rows(users.features.numbers),
        }
        if users.times is not None and users.now is not None:
            columns |= {_TIMES: _lists(users.times, users.rows), _NOW: pl.Series(users.now)}
        return pl.DataFrame(columns)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> "Customers":
        """The customers that ``to_frame`` wrote."""
        ids, items = frame.get_column(Column.USER_ID), frame.get_column(_ITEMS)
        has_times = _TIMES in frame.columns
        users = NewUsers(
            rows=Ragged.from_lengths(items.list.len().to_numpy().astype(np.int64)),
            items=_flat(items, np.dtype(np.int32)),
            times=_flat(frame.get_column(_TIMES), np.dtype(np.int64)) if has_times else None,
            weights=_flat(frame.get_column(_WEIGHTS), np.dtype(np.float32)),
            features=UserFeatures(
                _flat(frame.get_column(_CATEGORIES), np.dtype(np.int32)).reshape(len(ids), -1),
                _flat(frame.get_column(_NUMBERS), np.dtype(np.float32)).reshape(len(ids), -1),
            ),
            now=frame.get_column(_NOW).to_numpy().astype(np.int64) if has_times else None,
            ids=id_hashes(ids),
        )
        return cls(ids, users)


def _lists(values: NDArray[np.generic], rows: Ragged) -> pl.Series:
    """Values (N,) as one list per row."""
    frame = pl.DataFrame({"row": rows.row_of_entry, "value": values})
    grouped = frame.group_by("row", maintain_order=True).agg("value")
    every = pl.DataFrame({"row": np.arange(rows.rows, dtype=np.int64)})
    lists = every.join(grouped, on="row", how="left", maintain_order="left").get_column("value")
    return lists.fill_null([])


def _rows(table: NDArray[np.generic]) -> pl.Series:
    """A table (U, F) as one list per row, F 0 included."""
    return _lists(table.ravel(), Ragged.from_lengths(np.full(len(table), table.shape[1], dtype=np.int64)))


def _flat(lists: pl.Series, dtype: np.dtype[Any]) -> NDArray[Any]:
    held = lists.filter(lists.list.len() > 0)
    return held.explode().to_numpy().astype(dtype) if len(held) else np.zeros(0, dtype=dtype)
