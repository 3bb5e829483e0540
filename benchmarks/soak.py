"""The service for a while: mixed traffic, two changes of the model, and a kill -9 with a restart in between.

    python -m benchmarks.soak                          # 30 minutes with the champion of Ta-Feng
    python -m benchmarks.soak --minutes 3 --rate 30    # shorter

Every answer to /v1/recommend is compared with the list that the model of that answer makes here for all that the user
has done so far. An event that was answered with 2xx must be in the state after the kill and at the end; one that was on
its way when the process died is sent again under the same id. After a quarter of the time another version takes the
place of the first, after half of it the process is killed and started again, then a third version comes.
Memory is looked at once a second: it must not grow between the halves of what follows the last change.
"""

import argparse
import asyncio
import dataclasses
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.moving import load
from benchmarks.serving import free_ports, wait_for
from tasks.runs.home import REPOSITORY, Home
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.served_model import ServedModel
from tasks.serving.state import StateStore

K, CLIENTS = 10, 8
GROWTH = 1.05
"""Most that memory may be above that of before, for what an allocator keeps."""
_DAY, _STEP = 86_400_000_000, 1_000_000
_SETTLED = 3.0
"""Seconds after a change in which memory is not looked at: two models are held while one takes the other's place."""


@dataclass
class Outcome:
    """What was seen.

    Attributes:
        answers: Requests answered with 2xx, by kind.
        models: Lists, by the model that made them.
        wrong: Descriptions of answers that are not right.
        retried: Requests that ended without an answer and were sent again.
        accepted: Ids of events that were answered with 2xx, by user.
        memory: Seconds since the start, and resident bytes of the service.

    """

    answers: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    retried: int = 0
    accepted: dict[str, list[str]] = field(default_factory=dict)
    memory: list[tuple[float, int]] = field(default_factory=list)

    def growth(self, since: float) -> float:
        """Memory of the second half of what follows a moment, in units of that of the first half."""
        later = [size for moment, size in self.memory if moment > since]
        if len(later) < 4:
            return 1.0
        half = len(later) // 2
        return statistics.median(later[half:]) / statistics.median(later[:half])


class Server:
    """The process that is asked, killed and started again."""

    def __init__(self, folder: Path, versions: Sequence[Path]) -> None:
        self.folder, self.versions = folder, versions
        self.port = free_ports(1)[0]
        self.url = f"sqlite:///{folder / 'state.db'}"
        self.name(0)
        self.process: subprocess.Popen[bytes] | None = None

    def name(self, version: int) -> None:
        """Let another version be served."""
        whole = self.folder / "current.new"
        whole.write_text(str(self.versions[version]), encoding="utf-8")
        whole.replace(self.folder / "current")

    def start(self) -> None:
        """Start, and wait until it answers."""
        log = self.folder / "service.log"
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.moving", str(self.folder / "current"), self.url, str(self.folder),
                 str(self.port)],
                cwd=REPOSITORY, stdout=said, stderr=said, env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        wait_for(self.process, self.port, "/readyz", log)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def lost(self, accepted: dict[str, list[str]]) -> int:
        """Events that were accepted and are not in the state."""
        store = StateStore(self.url)
        try:
            return sum(len(set(ids) - {one.event_id for one in store.events(user)}) for user, ids in accepted.items())
        finally:
            store.close()


class Visitor:
    """Users of one client, one after the other; what each has done is known here."""

    def __init__(self, number: int, models: dict[str, ServedModel], http: httpx.AsyncClient, seen: Outcome) -> None:
        self.number, self.models, self.http, self.seen = number, models, http, seen
        self.random = random.Random(number)
        self.done: dict[str, list[tuple[str, int]]] = {}
        self.items = next(iter(models.values())).catalogue.ids

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
        event = (self.random.choice(self.items), time.time_ns() // 1000 // _DAY * _DAY - _DAY + len(done) * _STEP)
        name = f"event-{len(done)}"
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event[1] / 1e6))
        body = {"user_id": user, "item_id": event[0], "event_id": name, "timestamp": at}
        found = await self._post("events", {"events": [body]})
        if found["accepted"] + found["duplicates"] != 1:
            self.seen.wrong.append(f"event {name} of {user}: {found}")
        done.append(event)
        self.seen.accepted.setdefault(user, []).append(name)

    def _compare(self, user: str, done: list[tuple[str, int]], found: dict[str, Any]) -> None:
        served = self.models[found["model"]]
        profile = Profile(user, tuple(ProfileEvent(item, at) for item, at in done))
        expected = [served.catalogue.ids[row] for row in served.recommend(profile, k=K).rows]
        if [one["item_id"] for one in found["items"]] != expected:
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
                return {"items": [], "accepted": 1, "duplicates": 0, "model": next(iter(self.models))}
            self.seen.answers[kind] = self.seen.answers.get(kind, 0) + 1
            found: dict[str, Any] = reply.json()
            return found


async def run(
    server: Server, models: dict[str, ServedModel], seconds: float, rate: float
) -> tuple[Outcome, int, float]:
    """Let it live; what was seen, events lost, and when the last change was over."""
    seen, lost = Outcome(), 0
    began, changed = time.monotonic(), 0.0
    ended = asyncio.Event()

    async def client(number: int, http: httpx.AsyncClient) -> None:
        visitor = Visitor(number, models, http, seen)
        while not ended.is_set():
            due = time.monotonic() + visitor.random.expovariate(rate / CLIENTS)
            await visitor.visit()
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def watch() -> None:
        while not ended.is_set():
            if server.process is not None and server.process.poll() is None:
                size = psutil.Process(server.process.pid).memory_info().rss
                seen.memory.append((time.monotonic() - began, size))
            await asyncio.sleep(min(1.0, seconds / 60))

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as http:
        tasks = [asyncio.create_task(client(number, http)) for number in range(CLIENTS)]
        tasks.append(asyncio.create_task(watch()))
        for version in (1, None, 2):
            await asyncio.sleep(seconds / 4)
            if version is None:
                server.kill()
                lost += server.lost(seen.accepted)
                await asyncio.to_thread(server.start)
            else:
                server.name(version)
                await serves(http, server.versions[version].name)
            changed = time.monotonic() - began
        await asyncio.sleep(seconds / 4)
        ended.set()
        await asyncio.gather(*tasks)
    server.kill()
    return seen, lost + server.lost(seen.accepted), changed + min(_SETTLED, seconds / 10)


async def serves(http: httpx.AsyncClient, name: str, seconds: float = 120) -> None:
    """Until the service says that this is its model."""
    patience = time.monotonic() + seconds
    while (await http.get("/readyz")).json()["model"] != name:
        if time.monotonic() > patience:
            sys.exit(f"{name} was not taken into service")
        await asyncio.sleep(0.1)


def versions_of(folder: Path, target: Path) -> list[Path]:
    """Three versions of a model that order ties and draw noise differently."""
    from tasks.stages.ship import load_model

    model, found = load_model(folder), []
    for number in range(3):
        header = dataclasses.replace(model.header, seed=model.header.seed + number)
        found.append(target / f"version {number + 1}")
        dataclasses.replace(model, header=header).save(found[-1])
    return found


def soak(folder: Path, scratch: Path, seconds: float, rate: float) -> tuple[Outcome, int, float]:
    """A service of three versions of a model, for some seconds: what was seen, events lost, growth of its memory."""
    versions = versions_of(folder, scratch)
    server = Server(scratch, versions)
    server.start()
    try:
        seen, lost, since = asyncio.run(run(server, {one.name: load(str(one)) for one in versions}, seconds, rate))
    finally:
        server.kill()
    return seen, lost, seen.growth(since)


def main() -> None:
    from tasks.tracking.references import resolve_model
    from tasks.tracking.settings import TrackingSettings

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="models:/coldcart-ta_feng@champion", help="a run folder or models:/…")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=50.0, help="requests per second")
    arguments = parser.parse_args()
    folder = resolve_model(arguments.model, TrackingSettings(), Home.current())
    with tempfile.TemporaryDirectory() as scratch:
        seen, lost, growth = soak(folder, Path(scratch), 60 * arguments.minutes, arguments.rate)
    events = sum(len(ids) for ids in seen.accepted.values())
    print(f"{arguments.minutes:g} minutes: " + ", ".join(f"{count:,} {kind}" for kind, count in seen.answers.items()))
    print("lists by model                    " + ", ".join(f"{name}: {n:,}" for name, n in seen.models.items()))
    print(f"sent again after the kill         {seen.retried:8d}")
    print(f"wrong answers                     {len(seen.wrong):8d}   (to hold: 0)")
    print(f"accepted events, lost             {events:8d}, {lost}   (to hold: 0 lost)")
    print(f"memory, second half to first      {growth:8.3f}   (to hold: at most {GROWTH}); "
          f"{seen.memory[-1][1] / 2**20:.0f} MiB at the end")  # fmt: skip
    for one in seen.wrong[:5]:
        print(one)
    if seen.wrong or lost or growth > GROWTH:
        sys.exit(1)


if __name__ == "__main__":
    main()
