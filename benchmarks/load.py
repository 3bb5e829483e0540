"""Load on a service of this machine: bounded in requests and seconds, on connections that are kept open."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

_LATE_SECONDS = 0.001


@dataclass
class Measured:
    """What came of a load.

    Attributes:
        asked: Requests per second that were to be sent; 0 where each follows an answer.
        seconds: From the first request to the last answer.
        latencies: Seconds from when a request was due to its whole answer.
        late: Requests that the load itself sent more than a millisecond late, though a connection was free.
        failed: Answers other than 200.
        core_seconds: What the server's processes took of a core meanwhile.

    """

    asked: float
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    late: int = 0
    failed: int = 0
    core_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / max(self.seconds, 1e-9)

    def milliseconds(self, percent: float) -> float:
        """A percentile of the latencies."""
        return 1e3 * float(np.percentile(self.latencies, percent)) if self.latencies else float("nan")

    def row(self, name: str) -> str:
        """A line of a table."""
        asked = f"{self.asked:7.0f}" if self.asked else "  as is"
        figures = "".join(f"{self.milliseconds(percent):9.2f}" for percent in (50, 95, 99, 100))
        answers = max(len(self.latencies), 1)
        rest = f"{1e3 * self.core_seconds / answers:9.2f}{100 * self.late / answers:7.1f} %{self.failed:8d}"
        return f"{name:<44}{asked}{self.rate:9.0f}{figures}{rest}"


_COLUMNS = ("got/s", "p50 ms", "p95", "p99", "most", "core ms", "late")
HEADER = f"{'':<44}{'asked/s':>7}{''.join(f'{name:>9}' for name in _COLUMNS)}{'failed':>8}"


def post(path: str, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    lines = (
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


def core_seconds(process: int | None) -> float:
    """What a process and its children have taken of a core so far."""
    import psutil

    if process is None:
        return 0.0
    parent = psutil.Process(process)
    spent = [one.cpu_times() for one in (parent, *parent.children(recursive=True))]
    return sum(one.user + one.system for one in spent)


class _Connection(asyncio.Protocol):
    """One request at a time; tells status and body."""

    def __init__(self, answered: Callable[["_Connection", int, bytes], None]) -> None:
        self._answered = answered
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def send(self, request: bytes) -> None:
        self._received = b""
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) >= length:
            self._answered(self, int(head.split(b" ", 2)[1]), body)

    def connection_lost(self, error: Exception | None) -> None:
        self._answered(self, 0, b"")


class Load:
    """Sends requests to a port and waits for the answers.

    Args:
        port: On this machine.
        connections: Kept open, at least 1.
        process: Of the server, whose share of a core is measured; None measures none.

    """

    def __init__(self, port: int, connections: int, process: int | None = None) -> None:
        self._port, self._connections, self._process = port, connections, process

    def at(self, rate: float, requests: Sequence[bytes], seconds: float, even: bool = True, seed: int = 0) -> Measured:
        """Requests at a rate, whether or not the answers keep up.

        Args:
            rate: Requests per second.
            requests: In turn; from the first again where they end.
            seconds: How long.
            even: Whether they are spaced alike; else they come at random (Poisson).
            seed: Of the random moments.

        """
        count = max(1, int(rate * seconds))
        moments = np.arange(count) / rate
        if not even:
            moments = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, count))
        return self._run(Measured(rate), requests, moments)

    def one_after_another(self, requests: Sequence[bytes], seconds: float) -> Measured:
        """On each connection the next request as soon as the answer is there."""
        return self._run(Measured(0.0), requests, None, seconds)

    def answers(self, requests: Sequence[bytes]) -> list[bytes]:
        """The bodies of the answers, one request after the other."""
        bodies: list[bytes] = []
        single = Load(self._port, 1)
        single._run(Measured(0.0), requests, np.zeros(len(requests)), keep=bodies)
        return bodies

    def _run(
        self,
        measured: Measured,
        requests: Sequence[bytes],
        moments: np.ndarray | None,
        seconds: float = 0.0,
        keep: list[bytes] | None = None,
    ) -> Measured:
        import uvloop

        async def whole() -> None:
            await asyncio.wait_for(self._session(measured, requests, moments, seconds, keep), seconds + 300)

        before = core_seconds(self._process)
        uvloop.run(whole())
        measured.core_seconds = core_seconds(self._process) - before
        return measured

    async def _session(
        self,
        measured: Measured,
        requests: Sequence[bytes],
        moments: np.ndarray | None,
        seconds: float,
        keep: list[bytes] | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        idle: deque[_Connection] = deque()
        due: deque[tuple[float, bytes]] = deque()
        sent: dict[_Connection, float] = {}
        finished = loop.create_future()
        number, ended = 0, False

        def next_request() -> bytes:
            nonlocal number
            number += 1
            return requests[(number - 1) % len(requests)]

        def answered(connection: _Connection, status: int, body: bytes) -> None:
            now = time.perf_counter()
            since = sent.pop(connection, None)
            if since is None:
                return
            measured.latencies.append(now - since)
            measured.failed += status != 200
            if keep is not None:
                keep.append(body)
            if due:
                since, request = due.popleft()
            elif moments is None and now - began < seconds:
                since, request = now, next_request()
            else:
                idle.append(connection)
                if ended and not sent and not due and not finished.done():
                    finished.set_result(None)
                return
            sent[connection] = since
            connection.send(request)

        for _ in range(self._connections):
            _, connection = await loop.create_connection(lambda: _Connection(answered), "127.0.0.1", self._port)
            idle.append(connection)
        began = time.perf_counter()
        if moments is None:
            ended = True
            while idle:
                connection = idle.popleft()
                sent[connection] = time.perf_counter()
                connection.send(next_request())
        else:
            for place, moment in enumerate(moments + began):
                # Sleeping is not exact enough for the last part of a millisecond: answers are looked at meanwhile.
                while (left := moment - time.perf_counter()) > 0:
                    await asyncio.sleep(left - 0.0005 if left > 0.001 else 0)
                ended = place == len(moments) - 1
                if idle:
                    connection = idle.popleft()
                    measured.late += time.perf_counter() - moment > _LATE_SECONDS and keep is None
                    sent[connection] = float(moment)
                    connection.send(next_request())
                else:
                    due.append((float(moment), next_request()))
        await finished
        measured.seconds = time.perf_counter() - began
        for connection in (*idle, *sent):
            connection.transport.close()
