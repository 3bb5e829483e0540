"""From a caller's tables to users as recommenders see them."""

import logging
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import OUTSIDE, Column, NewUsers, Ragged, UserFeatures
from tasks.errors import DataError
from tasks.features.identity import as_text
from tasks.features.users import UserEncoder
from tasks.model_format.kinds import EventKinds
from tasks.model_format.timestamps import TimeReader
from tasks.model_format.vocabulary import ItemVocabulary
from tasks.splitting.ties import id_hashes, pair_hashes

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """Users to recommend for.

    Attributes:
        user_ids: Raw ids (U,), in order of first appearance.
        users: The same users, encoded.

    """

    user_ids: pl.Series
    users: NewUsers


@dataclass(frozen=True, slots=True)
class RequestReader:
    """Reads requests the way a model's training data was read.

    Attributes:
        items: The catalogue.
        encoder: Encoder of user features.
        times: How the model tells time.
        kinds: How much events of each kind count.
        now: The time of a request that carries none, microseconds; the model's newest by default.

    """

    items: ItemVocabulary
    encoder: UserEncoder
    times: TimeReader
    kinds: EventKinds
    now: int

    def read(
        self, events: pl.DataFrame, users: pl.DataFrame | None = None, user_features: pl.DataFrame | None = None
    ) -> Request:
        """Read a request.

        Args:
            events: user_id, item_id and optionally timestamp and kind, one row per event. Without timestamps the
                order of the rows is the order in time. An item that comes again counts once, when first touched, with
                the greatest weight of its events.
            users: user_id of further users, who may have no events.
            user_features: user_id and feature columns; users without a row are unknown.

        Returns:
            The users, those of ``events`` first, each in order of first appearance.

        Raises:
            DataError: A column is missing, a time or the kind of an event cannot be read, or there is no user at all.

        """
        events = _with_columns(events, (Column.USER_ID, Column.ITEM_ID), "events")
        events = _with_user_ids(events, "events")
        user_ids = _distinct_users(events, users)
        keys = as_text(user_ids)
        events = self._of_kinds_that_count(events)
        rows = _positions(as_text(events.get_column(Column.USER_ID)), keys)
        times = self.times.read(events.get_column(Column.TIMESTAMP)) if Column.TIMESTAMP in events.columns else None
        hashes = id_hashes(keys)
        rows_kept, items, kept_times, weights = self._first_touches(events, rows, times, hashes)
        return Request(
            user_ids,
            NewUsers(
                rows=Ragged.from_lengths(np.bincount(rows_kept, minlength=len(keys))),
                items=items,
                times=kept_times if self.times.has_times else None,
                weights=weights,
                features=self._features(keys, user_features),
                now=self._first_times(rows, times, len(keys)) if self.times.has_times else None,
                ids=hashes,
            ),
        )

    def _of_kinds_that_count(self, events: pl.DataFrame) -> pl.DataFrame:
        self.kinds.check(events)
        unknown = len(self.kinds.unknown_in(events))
        if unknown:
            logger.warning(
                "%d of %d events are of a kind that the model does not know; they are ignored", unknown, events.height
            )
        counting = self.kinds.weigh(events) > 0
        return events if counting.all() else events.filter(pl.Series(counting))

    def _first_touches(
        self,
        events: pl.DataFrame,
        rows: NDArray[np.int64],
        times: NDArray[np.int64] | None,
        hashes: NDArray[np.uint64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]:
        """User, item, time of the first and weight of the heaviest touch of each distinct known item."""
        items = self.items.rows_of(events.get_column(Column.ITEM_ID))
        known = np.flatnonzero(items != OUTSIDE)
        if len(known) < len(items):
            logger.warning(
                "%d of %d events name items that the model does not know; they are ignored",
                len(items) - len(known), len(items),
            )  # fmt: skip
        rows, items, weights = rows[known], items[known], self.kinds.weigh(events)[known]
        if times is None:
            order = np.argsort(rows, kind="stable")
            times = np.full(len(rows), self.now, dtype=np.int64)
        else:
            # Items of one time are ordered as in training: by a hash, never by the file.
            times = times[known]
            distinct, place = np.unique(items, return_inverse=True)
            ties = pair_hashes(hashes[rows], id_hashes(self.items.ids.gather(distinct))[place])
            order = np.lexsort((ties, times, rows))
        pairs = rows[order] * len(self.items) + items[order]
        _, first, pair = np.unique(pairs, return_index=True, return_inverse=True)
        heaviest = np.zeros(len(first), dtype=np.float32)
        np.maximum.at(heaviest, pair, weights[order])
        by_time = np.argsort(first)
        order = order[first[by_time]]
        return rows[order], items[order], times[order], heaviest[by_time]

    def _first_times(self, rows: NDArray[np.int64], times: NDArray[np.int64] | None, users: int) -> NDArray[np.int64]:
        """Time of each user's first event, of items unknown to the model too; of the request where there is none."""
        never = np.iinfo(np.int64).max
        first = np.full(users, never, dtype=np.int64)
        if times is not None:
            np.minimum.at(first, rows, times)
        return np.where(first == never, self.now, first)

    def _features(self, keys: pl.Series, user_features: pl.DataFrame | None) -> UserFeatures:
        if user_features is None:
            return self.encoder.unknown(len(keys))
        table = _with_columns(user_features, (Column.USER_ID,), "user_features")
        table = table.with_columns(as_text(table.get_column(Column.USER_ID)))
        once = table.unique(Column.USER_ID, keep="first", maintain_order=True)
        if once.height < table.height:
            logger.warning("user_features has several rows for %d users; the first counts", table.height - once.height)
        wanted = keys.alias(Column.USER_ID).to_frame()
        return self.encoder.transform(wanted.join(once, on=Column.USER_ID, how="left", maintain_order="left"))


def _with_columns(frame: pl.DataFrame, wanted: tuple[str, ...], name: str) -> pl.DataFrame:
    for column in wanted:
        if column not in frame.columns:
            raise DataError(f"{name}: expected a column {column!r}, found {', '.join(frame.columns) or 'no columns'}")
    return frame


def _with_user_ids(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    named = as_text(frame.get_column(Column.USER_ID)).is_not_null()
    if not named.all():
        logger.warning("%s: %d rows have no user_id; they are ignored", name, int((~named).sum()))
        return frame.filter(named)
    return frame


def _distinct_users(events: pl.DataFrame, users: pl.DataFrame | None) -> pl.Series:
    """Raw ids in order of first appearance, in the type of the tables (text where they differ)."""
    found = [events.get_column(Column.USER_ID)]
    if users is not None:
        users = _with_user_ids(_with_columns(users, (Column.USER_ID,), "users"), "users")
        found.append(users.get_column(Column.USER_ID))
    found = [column for column in found if len(column)]
    if not found:
        raise DataError("events and users name no user at all: expected at least one row with a user_id")
    if len({column.dtype for column in found}) > 1 or found[0].dtype.is_float():
        found = [as_text(column) for column in found]
    together = pl.concat([column.alias(Column.USER_ID) for column in found])
    first: dict[str, int] = {}
    for place, key in enumerate(as_text(together).to_list()):
        first.setdefault(key, place)
    return together if len(first) == len(together) else together.gather(list(first.values()))


def _positions(values: pl.Series, keys: pl.Series) -> NDArray[np.int64]:
    numbered = {key: place for place, key in enumerate(keys.to_list())}
    return np.fromiter((numbered[value] for value in values.to_list()), dtype=np.int64, count=len(values))
