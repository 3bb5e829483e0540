"""The state store: the newest events of every user, by id; what was shown; who is forgotten."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from tasks.serving.state.group_commit import GroupCommit
from tasks.serving.state.tables import EVENTS, EXPOSURES, FORGOTTEN, open_engine

_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of a user.

    Attributes:
        event_id: Tells it from the user's other events.
        item_id: As the shop writes it, known to the model or not.
        at: When it happened, microseconds since 1970-01-01 UTC.
        kind: For example ``view``; None for none.

    """

    event_id: str
    item_id: str
    at: int
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of events that were handed in.

    Attributes:
        accepted: New, and kept.
        duplicates: Of an id that the user has already.
        beyond: Older than the newest that are kept of the user.

    """

    accepted: int
    duplicates: int
    beyond: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed of a user: counts."""

    events: int
    exposures: int


State = tuple[StoredEvent, ...]
_Result = tuple[Any, Mapping[str, State | None]]


class StateStore:
    """Per user, the newest events by (time, id): the same in whatever order they come, and however often.

    Args:
        url: SQLAlchemy address of the database.
        events_per_user: Most events of one user.
        cached_users: Most users held in memory; 0 where other processes write to the same database.

    Raises:
        DataError: The database cannot be used.

    """

    def __init__(self, url: str, events_per_user: int = 500, cached_users: int = 100_000) -> None:
        self._engine = open_engine(url)
        self._most = events_per_user
        self._cached_users = cached_users
        self._cache: OrderedDict[str, State] = OrderedDict()
        self._commits = 0
        self._lock = threading.Lock()
        # Hashes of all users with events, where nobody else writes: strangers, who are most, cost no query.
        self._met: set[int] | None = None
        with self._engine.connect() as connection:
            self._forgotten = set(connection.scalars(select(FORGOTTEN.c.pseudonym)))
            if cached_users:
                self._met = {hash(user) for user in connection.scalars(select(EVENTS.c.user_id).distinct())}
        self._writer: GroupCommit[_Result] = GroupCommit(self._engine, self._remember)

    def cached(self, user_id: str) -> State | None:
        """A user's events where they are at hand, oldest first; None where the database has to be asked."""
        with self._lock:
            if self._met is not None and hash(user_id) not in self._met:
                return ()
            found = self._cache.get(user_id)
            if found is not None:
                self._cache.move_to_end(user_id)
            return found

    def events(self, user_id: str) -> State:
        """A user's events, oldest first; none for a stranger."""
        found = self.cached(user_id)
        if found is not None:
            return found
        with self._lock:
            commits = self._commits
        with self._engine.connect() as connection:
            state = _read(connection, (user_id,))[user_id]
        with self._lock:
            # What was committed meanwhile may be newer than what was read.
            if commits == self._commits:
                self._keep(user_id, state)
        return state

    def record(self, events: Sequence[tuple[str, StoredEvent]]) -> "Future[Recorded]":
        """Record (user, event) pairs; the future is done once they are on the disk."""
        received = _now()
        return _first(self._writer.submit(lambda connection: self._record(connection, events, received)))

    def forget(self, user_id: str, pseudonym: str) -> "Future[Forgotten]":
        """Remove a user's events and exposures, and remember (by pseudonym) that they are forgotten."""

        def change(connection: Connection) -> _Result:
            events = connection.execute(delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
            shown = connection.execute(delete(EXPOSURES).where(EXPOSURES.c.pseudonym == pseudonym)).rowcount
            if connection.scalar(select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.pseudonym == pseudonym)) is None:
                connection.execute(insert(FORGOTTEN).values(pseudonym=pseudonym, at=_now()))
            self._forgotten.add(pseudonym)
            return Forgotten(events, shown), {user_id: ()}

        return _first(self._writer.submit(change))

    def is_forgotten(self, pseudonym: str) -> bool:
        """Whether this user was forgotten: what a model knows of them must not be used."""
        return pseudonym in self._forgotten

    @property
    def forgotten_anybody(self) -> bool:
        """Whether anybody was forgotten at all."""
        return bool(self._forgotten)

    @property
    def forgotten(self) -> frozenset[str]:
        """Pseudonyms of everybody who was forgotten."""
        return frozenset(self._forgotten)

    def expose(
        self, pseudonym: str | None, endpoint: str, model: str, arm: str | None, items: Sequence[str]
    ) -> "Future[None]":
        """Write down what was shown to whom, by which model, in which arm."""
        values = {
            "at": _now(), "pseudonym": pseudonym, "endpoint": endpoint, "model": model, "arm": arm,
            "items": json.dumps(list(items), ensure_ascii=False),
        }  # fmt: skip

        def change(connection: Connection) -> _Result:
            connection.execute(insert(EXPOSURES).values(values))
            return None, {}

        return _first(self._writer.submit(change))

    def drop_exposures(self, days: int) -> "Future[int]":
        """Remove exposures older than this many days; how many."""
        before = _now() - days * _DAY

        def change(connection: Connection) -> _Result:
            return connection.execute(delete(EXPOSURES).where(EXPOSURES.c.at < before)).rowcount, {}

        return _first(self._writer.submit(change))

    def users(self, after: str = "", limit: int = 10_000) -> list[str]:
        """Users with events, in the order of their ids, from the one behind ``after``."""
        known = select(EVENTS.c.user_id).where(EVENTS.c.user_id > after).distinct()
        with self._engine.connect() as connection:
            return list(connection.scalars(known.order_by(EVENTS.c.user_id).limit(limit)))

    def states(self, user_ids: Sequence[str]) -> dict[str, State]:
        """Events of many users, oldest first."""
        with self._engine.connect() as connection:
            return _read(connection, user_ids)

    def item_counts(self) -> dict[str, int]:
        """Events per item: those that a model does not know wait for its next refresh."""
        counts = select(EVENTS.c.item_id, func.count()).group_by(EVENTS.c.item_id)
        with self._engine.connect() as connection:
            return {str(item): int(count) for item, count in connection.execute(counts)}

    def check(self) -> None:
        """Ask the database for something.

        Raises:
            SQLAlchemyError: It does not answer.

        """
        with self._engine.connect() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Write what waits, and let go of the database."""
        self._writer.close()
        self._engine.dispose()

    def _record(self, connection: Connection, events: Sequence[tuple[str, StoredEvent]], received: int) -> _Result:
        by_user: dict[str, list[StoredEvent]] = {}
        for user, event in events:
            by_user.setdefault(user, []).append(event)
        states = _read(connection, list(by_user))
        accepted = duplicates = beyond = 0
        added, states_after = [], {}
        for user, own in by_user.items():
            before = {event.event_id: event for event in states[user]}
            after = dict(before)
            for event in own:
                after.setdefault(event.event_id, event)
            new = len(after) - len(before)
            kept = sorted(after.values(), key=_order)[-self._most :]
            names = {event.event_id for event in kept}
            fresh = [event for event in kept if event.event_id not in before]
            added += [(user, event) for event in fresh]
            gone = [name for name in before if name not in names]
            if gone:
                connection.execute(delete(EVENTS).where(EVENTS.c.user_id == user, EVENTS.c.event_id.in_(gone)))
            states_after[user] = tuple(kept)
            accepted += len(fresh)
            beyond += new - len(fresh)
            duplicates += len(own) - new
        if added:
            connection.execute(insert(EVENTS), [_row(user, event, received) for user, event in added])
        return Recorded(accepted, duplicates, beyond), states_after

    def _remember(self, results: Iterable[_Result]) -> None:
        with self._lock:
            self._commits += 1
            for _, states in results:
                for user, state in states.items():
                    self._keep(user, state or ())

    def _keep(self, user_id: str, state: State) -> None:
        if self._met is None:
            return
        if state:
            self._met.add(hash(user_id))
        self._cache[user_id] = state
        self._cache.move_to_end(user_id)
        while len(self._cache) > self._cached_users:
            self._cache.popitem(last=False)


def _order(event: StoredEvent) -> tuple[int, str]:
    return event.at, event.event_id


def _read(connection: Connection, user_ids: Sequence[str]) -> dict[str, State]:
    found: dict[str, list[StoredEvent]] = {user: [] for user in user_ids}
    wanted = list(found)
    for start in range(0, len(wanted), 500):
        query = select(EVENTS.c.user_id, EVENTS.c.event_id, EVENTS.c.item_id, EVENTS.c.at, EVENTS.c.kind)
        for user, event_id, item_id, at, kind in connection.execute(
            query.where(EVENTS.c.user_id.in_(wanted[start : start + 500]))
        ):
            found[user].append(StoredEvent(event_id, item_id, at, kind))
    return {user: tuple(sorted(events, key=_order)) for user, events in found.items()}


def _row(user_id: str, event: StoredEvent, received: int) -> dict[str, Any]:
    return {
        "user_id": user_id, "event_id": event.event_id, "item_id": event.item_id, "kind": event.kind,
        "at": event.at, "received": received,
    }  # fmt: skip


def _now() -> int:
    return time.time_ns() // 1000


def _first(whole: "Future[_Result]") -> "Future[Any]":
    """The first part of a future pair."""
    part: Future[Any] = Future()

    def done(future: "Future[_Result]") -> None:
        error = future.exception()
        if error is not None:
            part.set_exception(error)
        else:
            part.set_result(future.result()[0])

    whole.add_done_callback(done)
    return part
