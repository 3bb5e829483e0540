"""The service for a while: mixed traffic, another version, a kill -9 with a restart, and a refresh, all in between.

    python -m benchmarks.soak                          # 30 minutes with the champion of Ta-Feng
    python -m benchmarks.soak --minutes 3 --rate 30    # shorter

Everything is the real thing: `flows.serve` with its registry and its state, `flows.refresh` with the events that the
service has stored. The champion is registered under a name of this benchmark's own, which is removed in the end.

Every answer to /v1/recommend is compared with the list that the model of that answer makes here for all that the user
has done so far. An event that was answered with 2xx must be in the state after the kill and at the end; one that was on
its way when the process died is sent again under the same id. After a quarter of the time the alias moves on to another
version, after half of it the process is killed and started again, then a refresh trains a third one and promotes it.
Memory is looked at once a second: it must not grow between the halves of what follows the last change.
"""

import argparse
import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from benchmarks.serving import free_ports, wait_for
from benchmarks.visitors import Models, Outcome, Visitor
from tasks.hybrid.wide.settings import WideSettings
from tasks.runs.home import REPOSITORY, Home
from tasks.serving.loading import ModelSource
from tasks.serving.state import StateStore
from tasks.tracking.promotion import run_of
from tasks.tracking.references import REGISTRY, resolve_model
from tasks.tracking.registry import CHAMPION
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.store import connect

CLIENTS = 8
GROWTH = 1.05
"""Most that memory may be above that of before, for what an allocator keeps."""
_SETTLED = 3.0
"""Seconds after a change in which memory is not looked at: two models are held while one takes the other's place."""
_REFRESH = ("store=true", "minimum_users=10", "cut=25%", "margin=0.9")
"""Lenient: what is soaked is the change, not the verdict."""


class Registered:
    """A champion under a name of its own, and a second version that orders ties and draws noise differently.

    Args:
        model: ``models:/name@alias``, the champion.
        scratch: Folder for the second version.

    """

    def __init__(self, model: str, scratch: Path) -> None:
        from tasks.stages.ship import load_model

        home, tracking = Home.current(), TrackingSettings()
        store, found = connect(tracking, home), REGISTRY.match(model)
        if found is None or found["alias"] is None:
            sys.exit(f"{model}: expected models:/<name>@<alias>, a refresh needs the run behind it")
        _, run_id = run_of(found["name"], found["alias"], store)
        folder = resolve_model(model, tracking, home)
        first = load_model(folder)
        other = dataclasses.replace(first.header, seed=first.header.seed + 1)
        dataclasses.replace(first, header=other).save(scratch / "other")
        self.name, self._client = f"coldcart-soak-{uuid.uuid4().hex[:8]}", store.client
        self._client.create_registered_model(self.name)
        for source in (folder, scratch / "other"):
            self._client.create_model_version(self.name, str(source), run_id=run_id)
        self.serve(1)
        self.models = Models(ModelSource(self.reference, tracking, home, WideSettings()), f"{self.name}/1")

    @property
    def reference(self) -> str:
        """What the service is asked to serve."""
        return f"models:/{self.name}@{CHAMPION}"

    def serve(self, version: int) -> None:
        """Move the alias."""
        self._client.set_registered_model_alias(self.name, CHAMPION, str(version))

    def served(self) -> str:
        """What the alias names, as answers call it."""
        return f"{self.name}/{self._client.get_registered_model(self.name).aliases[CHAMPION]}"

    def remove(self) -> None:
        """Take the name out of the registry; runs stay."""
        self._client.delete_registered_model(self.name)


class Server:
    """The process that is asked, killed and started again."""

    def __init__(self, scratch: Path, registered: Registered) -> None:
        self.scratch, self.registered = scratch, registered
        self.port = free_ports(1)[0]
        self.url = f"sqlite:///{scratch / 'state.db'}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = (f"port={self.port}", "limits.requests_per_second=0", "reload_seconds=0.5")
        self.process = self._command("serve", *settings)
        wait_for(self.process, self.port, "/readyz", self.scratch / "serve.log")

    def kill(self) -> None:
        """End it at once, whatever it does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def refresh(self, settings: Sequence[str]) -> str:
        """Learn from what was stored, and promote what comes of it; what was said where nothing was promoted."""
        before = self.registered.served()
        if self._command("refresh", *_REFRESH, *settings).wait() == 0 and self.registered.served() != before:
            return ""
        return (self.scratch / "refresh.log").read_text(encoding="utf-8", errors="replace")[-2000:]

    def lost(self, accepted: dict[str, list[str]]) -> int:
        """Events that were accepted and are not in the state."""
        store = StateStore(self.url)
        try:
            return sum(len(set(ids) - {one.event_id for one in store.events(user)}) for user, ids in accepted.items())
        finally:
            store.close()

    def _command(self, flow: str, *settings: str) -> "subprocess.Popen[bytes]":
        words = [f"model={self.registered.reference}", f"state.url={self.url}", *settings]
        with (self.scratch / f"{flow}.log").open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", f"flows.{flow}", *words],
                cwd=REPOSITORY, stdout=said, stderr=said, env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip


async def run(server: Server, seconds: float, rate: float, refresh: Sequence[str]) -> tuple[Outcome, int, float]:
    """Let it live; what was seen, events lost, and when the last change was over."""
    seen, lost, registered = Outcome(), 0, server.registered
    began = time.monotonic()
    ended = asyncio.Event()

    async def client(number: int, http: httpx.AsyncClient) -> None:
        visitor = Visitor(number, registered.models, http, seen)
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
        await asyncio.sleep(seconds / 4)
        registered.serve(2)
        await serves(http, registered.served())
        await asyncio.sleep(seconds / 4)
        server.kill()
        lost += server.lost(seen.accepted)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(seconds / 4)
        seen.refused = await asyncio.to_thread(server.refresh, refresh)
        await serves(http, registered.served())
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


@contextmanager
def registered_champion(model: str, scratch: Path) -> Iterator[Registered]:
    """The champion under a name of its own, as long as it is needed."""
    found = Registered(model, scratch)
    try:
        yield found
    finally:
        found.remove()


def soak(
    model: str, scratch: Path, seconds: float, rate: float, refresh: Sequence[str] = ()
) -> tuple[Outcome, int, float]:
    """A service of a champion, for some seconds and a refresh: what was seen, events lost, growth of its memory.

    Args:
        model: ``models:/name@alias``.
        scratch: Folder for state and logs.
        seconds: How long traffic goes on, beside the time that the refresh takes.
        rate: Requests per second.
        refresh: Further settings of the refresh.

    """
    with registered_champion(model, scratch) as registered:
        server = Server(scratch, registered)
        server.start()
        try:
            seen, lost, since = asyncio.run(run(server, seconds, rate, refresh))
        finally:
            server.kill()
    return seen, lost, seen.growth(since)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="models:/coldcart-ta_feng@champion", help="models:/<name>@<alias>")
    parser.add_argument("--minutes", type=float, default=30.0, help="beside the time of the refresh")
    parser.add_argument("--rate", type=float, default=50.0, help="requests per second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        seen, lost, growth = soak(arguments.model, Path(scratch), 60 * arguments.minutes, arguments.rate)
    events = sum(len(ids) for ids in seen.accepted.values())
    minutes = seen.memory[-1][0] / 60
    print(f"{minutes:.1f} minutes: " + ", ".join(f"{count:,} {kind}" for kind, count in seen.answers.items()))
    print("lists by model                    " + ", ".join(f"{name}: {n:,}" for name, n in seen.models.items()))
    print(f"sent again after the kill         {seen.retried:8d}")
    print(f"wrong answers                     {len(seen.wrong):8d}   (to hold: 0)")
    print(f"accepted events, lost             {events:8d}, {lost}   (to hold: 0 lost)")
    print(f"memory, second half to first      {growth:8.3f}   (to hold: at most {GROWTH}); "
          f"{seen.memory[-1][1] / 2**20:.0f} MiB at the end")  # fmt: skip
    print(f"refresh                           {'refused' if seen.refused else 'promoted':>8}   (to hold: promoted)")
    for one in [*seen.wrong[:5], seen.refused]:
        print(one)
    if seen.wrong or seen.refused or lost or growth > GROWTH:
        sys.exit(1)


if __name__ == "__main__":
    main()
