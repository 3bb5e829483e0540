"""Who asks a service, what each of them has done, and whether what they are answered is right."""

import asyncio
import random
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tasks.serving.loading import ModelSource
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.served_model import ServedModel

K = 10
_DAY, _STEP = 86_400_000_000, 1_000_000
"""Microseconds. Visitors come the day after the newest event that the first model saw: recency counts in a refresh, and
today is no recent day of a log of 2001. They come again every day: a log may tell days alone."""
_TAKEN = 0.7
"""How often visitors take what they were recommended last, rather than any item: else no model would find anything."""


class Models:
    """Versions of a registered model, each loaded when an answer first names it.

    Args:
        source: Any version.
        first: The name of one of them.

    """

    def __init__(self, source: ModelSource, first: str) -> None:
        self._source, self.first = source, first
        self._loaded: dict[str, ServedModel] = {}

    def of(self, name: str) -> ServedModel:
        """The model that calls itself so."""
        if name not in self._loaded:
            self._loaded[name] = self._source.load(f"models:/{name}")
        return self._loaded[name]


@dataclass
class Outcome:
    """What was seen.

    Attributes:
        answers: Requests answered with 2xx, by kind.
        models: Lists, by the model that made them.
        wrong: Descriptions of answers that are not right.
        retried: Requests that ended without an answer and were sent again.
        refused: Why a refresh promoted nothing; empty where it did.
        accepted: Ids of events that were answered with 2xx, by user.
        memory: Seconds since the start, and resident bytes of the service.

    """

    answers: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    retried: int = 0
    refused: str = ""
    accepted: dict[str, list[str]] = field(default_factory=dict)
    memory: list[tuple[float, int]] = field(default_factory=list)

    def growth(self, since: float) -> float:
        """Memory of the second half of what follows a moment, in units of that of the first half."""
        later = [size for moment, size in self.memory if moment > since]
        if len(later) < 4:
            return 1.0
        half = len(later) // 2
        return statistics.median(later[half:]) / statistics.median(later[:half])


class Visitor:
    """Users of one client, one after the other; what each has done is known here."""

    def __init__(self, number: int, models: Models, http: httpx.AsyncClient, seen: Outcome) -> None:
        self.number, self.models, self.http, self.seen = number, models, http, seen
        self.random = random.Random(number)
        self.done: dict[str, list[tuple[str, int]]] = {}
        self.offered: dict[str, list[str]] = {}
        first = models.of(models.first)
        self.items, self.begins = first.catalogue.ids, (first.model.header.newest or 0) + _DAY

    async def visit(self) -> None:
        """One request."""
        user = f"visitor {self.number}-{self.random.randrange(40)}"
        done = self.done.setdefault(user, [])
        kind = self.random.choices(("recommend", "events", "rerank", "explain", "items"), (60, 20, 10, 5, 5))[0]
        if kind == "events" and len(done) < 30:
            await self._act(user, done)
        elif kind == "recommend":
            self._compare(user, done, await self._post(kind, {"user_id": user, "k": K}))
        elif kind == "rerank":
            asked = self.random.sample(self.items, 5)
            found = await self._post(kind, {"user_id": user, "items": asked})
            if sorted(one["item_id"] for one in found["items"]) != sorted(asked):
                self.seen.wrong.append(f"rerank of {asked} for {user}: {found}")
        elif kind == "explain":
            await self._post(kind, {"user_id": user, "item_id": self.random.choice(self.items)})
        else:
            await self._ask(kind, "GET", "/v1/items?limit=5", None)

    async def _act(self, user: str, done: list[tuple[str, int]]) -> None:
        offered = self.offered.get(user)
        item = self.random.choice(offered if offered and self.random.random() < _TAKEN else self.items)
        event = (item, self.begins // _STEP * _STEP + len(done) * _DAY)
        name = f"event-{len(done)}"
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event[1] / 1e6))
        body = {"user_id": user, "item_id": event[0], "event_id": name, "timestamp": at}
        found = await self._post("events", {"events": [body]})
        if found["accepted"] + found["duplicates"] != 1:
            self.seen.wrong.append(f"event {name} of {user}: {found}")
        done.append(event)
        self.seen.accepted.setdefault(user, []).append(name)

    def _compare(self, user: str, done: list[tuple[str, int]], found: dict[str, Any]) -> None:
        served = self.models.of(found["model"])
        profile = Profile(user, tuple(ProfileEvent(item, at) for item, at in done))
        expected = [served.catalogue.ids[row] for row in served.recommend(profile, k=K).rows]
        self.offered[user] = [one["item_id"] for one in found["items"]]
        if self.offered[user] != expected:
            self.seen.wrong.append(f"{found['model']}, {user} with {done}: expected {expected}, got {found}")
        self.seen.models[found["model"]] = self.seen.models.get(found["model"], 0) + 1

    async def _post(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._ask(kind, "POST", f"/v1/{kind}", body)

    async def _ask(self, kind: str, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        while True:
            try:
                reply = await self.http.request(method, path, json=body)
            except httpx.HTTPError:  # the process died: once more, until there is a new one
                self.seen.retried += 1
                await asyncio.sleep(0.2)
                continue
            if reply.status_code != 200:
                self.seen.wrong.append(f"{method} {path}: {reply.status_code} {reply.text[:200]}")
                return {"items": [], "accepted": 1, "duplicates": 0, "model": self.models.first}
            self.seen.answers[kind] = self.seen.answers.get(kind, 0) + 1
            found: dict[str, Any] = reply.json()
            return found
