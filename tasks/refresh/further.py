"""Events beside the champion's own log: a file drop, the service's store, and what earlier refreshes took."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tasks.domain import Column, LogRoles
from tasks.errors import ConfigError, DataError
from tasks.features.identity import as_text
from tasks.model_format import TimeReader
from tasks.refresh.champion import Champion
from tasks.refresh.settings import RefreshSettings
from tasks.runs import Home
from tasks.serving.exposure import Pseudonyms
from tasks.serving.state import StateStore, state_url
from tasks.stages.tables import CSV, PARQUET, TSV, read_table

logger = logging.getLogger(__name__)

UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Further:
    """What comes beside the log.

    Attributes:
        events: user_id, item_id (text), timestamp (UTC, at the resolution of the log), perhaps kind and features; None
            for none.
        items: item_id (text) and features; None for none.
        forgotten: Users whom the service has forgotten: nothing of theirs is used.

    """

    events: pl.DataFrame | None
    items: pl.DataFrame | None
    forgotten: "ForgottenUsers | None"

    def digests(self) -> tuple[str, ...]:
        """sha256 of each table, hex; equal where the rows are, in whatever order they came."""
        return tuple(_digest(frame) for frame in (self.events, self.items) if frame is not None)


@dataclass(frozen=True)
class ForgottenUsers:
    """Users that are known by their pseudonyms only."""

    pseudonyms: Pseudonyms
    forgotten: frozenset[str]

    def among(self, users: pl.Series) -> pl.Series:
        """Which of these are forgotten, as text."""
        ids = as_text(users).drop_nulls().unique()
        return ids.filter(pl.Series([self.pseudonyms.of_user(one) in self.forgotten for one in ids], dtype=pl.Boolean))


def further(settings: RefreshSettings, champion: Champion, roles: LogRoles, home: Home) -> Further:
    """Read everything that comes beside the log.

    Raises:
        DataError: A file, a column or the store cannot be used.
        ConfigError: The log is pseudonymised, and ids of the service or of a drop are not.

    """
    if champion.config.privacy.pseudonymise and (settings.events or settings.store):
        raise ConfigError(
            "events, store: this model knows users by pseudonyms, and events that are kept with a refresh would hold "
            "their ids. Put the events into the log that it was trained on"
        )
    times = champion.model.times
    found = [] if champion.events is None else [champion.events]
    features = [*roles.user_categories, *roles.user_numbers]
    told = [*roles.item_categories, *roles.item_numbers, *([roles.item_text] if roles.item_text else [])]
    if settings.events:
        for file in _files(settings.events):
            found.append(_drop(file, times, (*features, *told)))
    forgotten = None
    if settings.store:
        stored, forgotten = _stored(settings, times, home)
        found.append(stored)
    items = [] if champion.items is None else [champion.items]
    if settings.items:
        table = read_table(settings.items, "items", [Column.ITEM_ID], [Column.ITEM_ID, *told])
        items.append(table.with_columns(as_text(table[Column.ITEM_ID])).filter(pl.col(Column.ITEM_ID).is_not_null()))
    return Further(_together(found), _together(items), forgotten)


def _files(name: str) -> Sequence[Path]:
    path = Path(name).expanduser()
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.name.lower().endswith((*PARQUET, *CSV, *TSV)))
    if not found:
        raise DataError(f"events={name}: the folder holds no file that ends in .csv, .tsv or .parquet")
    return found


def _drop(file: Path, times: TimeReader, features: Sequence[str]) -> pl.DataFrame:
    ids = [Column.USER_ID, Column.ITEM_ID]
    named = [name for name in dict.fromkeys([Column.KIND, *features]) if name not in ids]
    table = read_table(str(file), "events", [*ids, Column.TIMESTAMP], named)
    logger.info("%s: %s events", file, f"{table.height:,}")
    return _canonical(table, times)


def _stored(settings: RefreshSettings, times: TimeReader, home: Home) -> tuple[pl.DataFrame, ForgottenUsers | None]:
    store = StateStore(state_url(settings.state, home), settings.state.events_per_user, cached_users=0)
    try:
        rows, after = [], ""
        while users := store.users(after):
            after = users[-1]
            for user, events in store.states(users).items():
                rows += [(user, event.item_id, event.at, event.kind) for event in events]
        forgotten = store.forgotten
    finally:
        store.close()
    schema = {Column.USER_ID: pl.String, Column.ITEM_ID: pl.String, Column.TIMESTAMP: pl.Int64, Column.KIND: pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    logger.info("the service's store: %s events, %d forgotten users", f"{table.height:,}", len(forgotten))
    table = table.with_columns(pl.col(Column.TIMESTAMP).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    own = ForgottenUsers(Pseudonyms.of(home.serving / "pseudonym.key"), forgotten) if forgotten else None
    return _canonical(table, times), own


def _canonical(table: pl.DataFrame, times: TimeReader) -> pl.DataFrame:
    moments = pl.Series(Column.TIMESTAMP, times.read(table[Column.TIMESTAMP])).cast(pl.Datetime("us"))
    return table.with_columns(
        as_text(table[Column.USER_ID]),
        as_text(table[Column.ITEM_ID]),
        moments.dt.replace_time_zone("UTC"),
        *(pl.col(name).cast(pl.String) for name in table.columns if name == Column.KIND),
    )


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
    """All rows once: a drop may be handed in again, and the store holds what an earlier refresh took."""
    if not frames:
        return None
    every = pl.concat(frames, how="diagonal_relaxed")
    every = every.select(sorted(every.columns))
    return every.unique().sort(every.columns)


def _digest(frame: pl.DataFrame) -> str:
    text = frame.select(pl.all().cast(pl.String)).write_csv()
    return hashlib.sha256(text.encode()).hexdigest()
