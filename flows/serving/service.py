"""What the routes share: the model that is served, the state of users, and how both become a profile."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence

from fastapi import Request

from flows.serving.errors import RefusedError
from flows.serving.metrics import Metrics
from flows.serving.schemas import EventBody, UserEventBody, Who
from tasks.serving.audience import AudienceFinder
from tasks.serving.batching import Batcher
from tasks.serving.encoding import moment
from tasks.serving.exposure import Pseudonyms, arm_of
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.remembered import RememberedLists, key_of
from tasks.serving.segments import Segments, find_segments
from tasks.serving.served_model import Question, Ranked, ServedModel
from tasks.serving.settings import ServeSettings
from tasks.serving.state import StateStore, StoredEvent

logger = logging.getLogger(__name__)
_MET = 10_000
"""Users of the store that an audience looks at, at most."""


class Serving:
    """One model in service, with what is found lazily for it.

    Args:
        served: The model.
        audience: Finds audiences for it.
        lists: What it has answered before.

    """

    def __init__(
        self, served: ServedModel, audience: AudienceFinder, segments: int, lists: RememberedLists | None = None
    ) -> None:
        self.served, self.audience = served, audience
        self.lists = RememberedLists(0) if lists is None else lists
        self._groups = segments
        self._segments: Segments | None = None
        self._lock = asyncio.Lock()

    async def segments(self) -> Segments:
        """The segments, found once."""
        async with self._lock:
            if self._segments is None:
                self._segments = await asyncio.to_thread(find_segments, self.served, self._groups)
            return self._segments


class Service:
    """Answers requests.

    Args:
        settings: As started.
        served: The model to begin with.
        store: State of users.
        pseudonyms: Of users, for the exposure log.
        metrics: Counts what happens.

    """

    def __init__(
        self, settings: ServeSettings, served: ServedModel, store: StateStore, pseudonyms: Pseudonyms, metrics: Metrics
    ) -> None:
        self.settings, self.store, self.pseudonyms, self.metrics = settings, store, pseudonyms, metrics
        self._batcher: Batcher[tuple[ServedModel, Question], Ranked] = Batcher(_answer, settings.batch)
        self._batcher.sizes = metrics.batch.observe
        self._recorded = 0
        self.swapped: Callable[[], None] = lambda: None
        self.swap(served)

    def swap(self, served: ServedModel) -> None:
        """Take a model into service; requests on their way keep the one they began with."""
        finder = AudienceFinder(served, self.settings.audience_candidates, self._is_forgotten)
        lists = RememberedLists(self.settings.cached_lists)
        self.serving = Serving(served, finder, self.settings.segments, lists)
        self.metrics.serves(served.name)
        self.metrics.reloads.inc()
        self.swapped()

    def close(self) -> None:
        """Finish what was begun."""
        self._batcher.close()
        self.store.close()

    async def rank(self, served: ServedModel, question: Question) -> Ranked:
        """A list for one user; those who wait at the same time share a pass over the model."""
        lists = self.serving.lists if self.serving.served is served else RememberedLists(0)  # of the model that answers
        key = key_of(question)
        ranked = lists.get(key)
        if ranked is None:
            # Among candidates a list takes less time than handing it to a thread and back costs under load.
            ranked = (
                served.rank([question])[0] if served.is_quick(question) else await self._batcher.ask((served, question))
            )
            lists.keep(key, ranked)
        return ranked

    async def profile(self, served: ServedModel, who: Who) -> Profile:
        """What is known of a user now: what the model was fitted on, what is stored, what the request tells.

        Raises:
            RefusedError: An event of the request is of a kind that the model must know and does not.

        """
        _check_kinds(who.events, served)
        own = tuple(_told(event.item_id, event.timestamp, event.kind, served) for event in who.events)
        stored: tuple[StoredEvent, ...] = ()
        customer = True
        if who.user_id is not None:
            found = self.store.cached(who.user_id)
            stored = await asyncio.to_thread(self.store.events, who.user_id) if found is None else found
            customer = not self._is_forgotten(who.user_id)
        if stored:
            now = time.time_ns() // 1000
            own = tuple(
                event if event.at is not None else ProfileEvent(event.item_id, now + place, event.kind)
                for place, event in enumerate(own)
            )
            own = tuple(ProfileEvent(event.item_id, event.at, event.kind) for event in stored) + own
        return Profile(who.user_id, own, who.features, customer)

    async def record(self, events: Sequence[UserEventBody]) -> tuple[int, int, int]:
        """Write events; counts of accepted, duplicates and those too old to be kept.

        Raises:
            RefusedError: One is of a kind that the model must know and does not; none is written.

        """
        served, now = self.serving.served, time.time_ns() // 1000
        _check_kinds(events, served)
        recorded = await asyncio.wrap_future(
            self.store.record([(event.user_id, _stored(event, served, now)) for event in events])
        )
        self._recorded += 1
        for outcome in ("accepted", "duplicates", "beyond"):
            self.metrics.events.labels(outcome).inc(getattr(recorded, outcome))
        return recorded.accepted, recorded.duplicates, recorded.beyond

    async def forget(self, user_id: str) -> tuple[int, int]:
        """Remove a user; counts of events and exposures."""
        forgotten = await asyncio.wrap_future(self.store.forget(user_id, self.pseudonyms.of_user(user_id)))
        self._recorded += 1
        await asyncio.to_thread(self.serving.audience.forget)
        return forgotten.events, forgotten.exposures

    def arm(self, user_id: str | None) -> str | None:
        """The arm of a user; None for guests and without an experiment."""
        arms = self.settings.arms
        return None if user_id is None or not arms else arm_of(self.pseudonyms.of_user(user_id), arms)

    def expose(self, endpoint: str, user_id: str | None, arm: str | None, model: str, items: Sequence[str]) -> None:
        """Write down what is shown, where that is wanted; the answer does not wait for it."""
        if self.settings.exposure:
            pseudonym = None if user_id is None else self.pseudonyms.of_user(user_id)
            self.store.expose(pseudonym, endpoint, model, arm, items)

    def met(self) -> list[Profile]:
        """Profiles of users in the store."""
        ids = self.store.users(limit=_MET)
        states = self.store.states(ids)
        return [
            Profile(
                user,
                tuple(ProfileEvent(event.item_id, event.at, event.kind) for event in states[user]),
                customer=not self._is_forgotten(user),
            )
            for user in ids
        ]

    @property
    def state_version(self) -> int:
        """Changes with every change of the state that came through here."""
        return self._recorded

    def _is_forgotten(self, user_id: str) -> bool:
        if not self.store.forgotten_anybody:
            return False
        return self.store.is_forgotten(self.pseudonyms.of_user(user_id))


async def service_of(request: Request) -> Service:  # else FastAPI hands it to a thread
    """The service behind a request."""
    service: Service = request.app.state.service
    return service


def row_of(served: ServedModel, field: str, item_id: str) -> int:
    """The row of an item.

    Raises:
        RefusedError: The model does not know it.

    """
    row = served.encoder.rows.get(item_id)
    if row is None:
        raise RefusedError(field, f"the model does not know item {item_id!r}", 404)
    return row


def _answer(questions: Sequence[tuple[ServedModel, Question]]) -> list[Ranked]:
    """Lists for questions of one model, or of two while one takes the place of the other."""
    answers: dict[int, Ranked] = {}
    for served in {id(served): served for served, _ in questions}.values():
        own = [place for place, (of, _) in enumerate(questions) if of is served]
        answers.update(zip(own, served.rank([questions[place][1] for place in own]), strict=True))
    return [answers[place] for place in range(len(questions))]


def _check_kinds(events: Sequence[EventBody], served: ServedModel) -> None:
    for place, event in enumerate(events):
        problem = served.model.kinds.problem(event.kind)
        if problem is not None:
            raise RefusedError(f"events.{place}.kind", problem)


def _told(item_id: str, at: object, kind: str | None, served: ServedModel) -> ProfileEvent:
    return ProfileEvent(item_id, None if at is None else moment(at, served.model.times), kind)  # type: ignore[arg-type]


def _stored(event: UserEventBody, served: ServedModel, now: int) -> StoredEvent:
    at = now if event.timestamp is None else moment(event.timestamp, served.model.times)
    name = event.event_id
    if name is None:
        own = f"{event.item_id}\n{event.kind}\n{at}"
        name = uuid.uuid4().hex if event.timestamp is None else uuid.uuid5(uuid.NAMESPACE_OID, own).hex
    return StoredEvent(name, event.item_id, at, event.kind)
