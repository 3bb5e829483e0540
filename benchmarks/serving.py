"""The service under load, beside `mlflow models serve` of the same model and an echo on FastAPI, on one core.

    python -m benchmarks.serving                       # the registered champion of Ta-Feng
    python -m benchmarks.serving --model <run folder>  # another model

All three servers have one worker and are bound to the last core, the load to the first; only one is asked at a time,
all on 127.0.0.1. Users have three events and are new, each asked about once, so nothing that was remembered helps.
Lists of the same users are compared between both services first. Requests are sent at a rate, evenly spaced or at
random moments (Poisson), whatever the answers do, and count from when they were due: `late` is the share that the load
itself sent more than a millisecond late, `core ms` what the server took of its core per answer. Then as many as the
servers take, one after another on eight connections. The bound is that of a steady rate: at random moments requests
queue before any server, and how long they wait is told without one.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import HEADER, Load, post
from tasks.runs.home import REPOSITORY, Home
from tasks.tracking.packaging import package
from tasks.tracking.references import resolve_model
from tasks.tracking.settings import TrackingSettings

EVENTS, K = 3, 10
P99_MILLISECONDS, RATE, TIMES_MLFLOW = 5.0, 500.0, 5.0
LADDER = (100.0, 200.0, RATE)
COMPARED = 40
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def cores() -> tuple[int, int]:
    """The core of the load and that of the servers."""
    found = sorted(os.sched_getaffinity(0))
    if len(found) == 1:
        print("one core only: the load takes from the servers")
    return found[0], found[-1]


@contextmanager
def server(command: Sequence[str], core: int, port: int, path: str, log: Path) -> Iterator[int]:
    """A server on a core, until it answers; its process id."""
    # MLflow starts its server by name, and that imports this checkout.
    found = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    environment = {**os.environ, **found, **dict.fromkeys(THREADS, "1")}
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, "-m", *command],
            cwd=REPOSITORY, env=environment, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(process, port, path, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def wait_for(process: "subprocess.Popen[bytes]", port: int, path: str, log: Path, seconds: float = 150) -> None:
    """Until a path answers with 200."""
    import httpx

    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    sys.exit(f"the server on port {port} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    import socket

    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def asked(folder: Path, users: int) -> list[tuple[str, list[str]]]:
    """New users and three items of each, popular ones more often."""
    import numpy as np

    from tasks.stages.ship import load_model

    model: Any = load_model(folder)
    random = np.random.default_rng(0)
    shares = np.maximum(model.popularity.scores.astype(np.float64), 0)
    ids = [str(one) for one in model.items.ids.to_list()]
    chosen = random.choice(len(ids), (users, EVENTS), p=shares / shares.sum())
    return [(f"new {number}", [ids[item] for item in dict.fromkeys(row)]) for number, row in enumerate(chosen.tolist())]


def ours(user: str, items: list[str]) -> bytes:
    """A request to the service."""
    body = {"user_id": user, "events": [{"item_id": item} for item in items], "k": K}
    return post("/v1/recommend", json.dumps(body).encode())


def theirs(user: str, items: list[str]) -> bytes:
    """The same request to MLflow."""
    body = {"dataframe_records": [{"user_id": user, "items": items}], "params": {"k": K}}
    return post("/invocations", json.dumps(body).encode())


def compare(here: Load, there: Load, users: list[tuple[str, list[str]]]) -> None:
    """Both services answer alike, or the figures mean nothing."""
    own = [json.loads(body)["items"] for body in here.answers([ours(*one) for one in users])]
    other = [json.loads(body)["predictions"] for body in there.answers([theirs(*one) for one in users])]
    for (user, _), one, two in zip(users, own, other, strict=True):
        if [(item["item_id"], item["evidence"]) for item in one] != [(str(i["item_id"]), i["evidence"]) for i in two]:
            sys.exit(f"{user}: the services answer differently:\n{one}\n{two}")
        if any(abs(a["score"] - b["score"]) > 1e-5 for a, b in zip(one, two, strict=True)):
            sys.exit(f"{user}: the services score differently:\n{one}\n{two}")
    print(f"{len(users)} users: the same items, scores and evidence from both services\n")


def measure(
    ports: dict[str, int], processes: dict[str, int], users: list[tuple[str, list[str]]], seconds: float
) -> None:
    """Load after load, a line each; then what holds."""
    loads = {name: Load(port, 64, processes[name]) for name, port in ports.items()}
    eight = {name: Load(port, 8, processes[name]) for name, port in ports.items()}
    compare(loads["service"], loads["mlflow"], users[:COMPARED])
    fresh = iter(users[COMPARED:])

    def some(count: float) -> list[tuple[str, list[str]]]:
        return [next(fresh) for _ in range(int(count))]

    loads["service"].at(100, [ours(*one) for one in some(200)], 2)  # caches, and the first lists of each kind
    print(HEADER)
    held = {}
    for even in (True, False):
        for rate in LADDER:
            requests = [ours(*one) for one in some(rate * seconds)]
            held[even, rate] = loads["service"].at(rate, requests, seconds, even)
            print(held[even, rate].row(f"service, new users, {'even' if even else 'at random'}"))
    again = [ours(*one) for one in users[:200]]
    print(loads["service"].at(RATE, again, seconds, even=False).row("service, 200 users again and again, at random"))
    print(loads["echo"].at(RATE, again, seconds, even=False).row("echo on FastAPI, at random"))
    throughput = {
        "service": eight["service"].one_after_another([ours(*one) for one in some(1500 * seconds)], seconds),
        "mlflow": eight["mlflow"].one_after_another([theirs(*one) for one in some(200 * seconds)], seconds),
        "again": eight["service"].one_after_another(again, seconds),
        "echo": eight["echo"].one_after_another(again, seconds),
    }
    names = {
        "service": "service, new users, 8 connections", "mlflow": "mlflow models serve, 8 connections",
        "again": "service, 200 users again and again", "echo": "echo on FastAPI, 8 connections",
    }  # fmt: skip
    for name, one in throughput.items():
        print(one.row(names[name]))
    rates = {name: one.rate for name, one in throughput.items()}
    print()
    for even, bound in ((True, f"   (to hold: at most {P99_MILLISECONDS:g})"), (False, "")):
        found = held[even, RATE].milliseconds(99)
        print(f"p99 at {RATE:.0f} requests/s, {'even' if even else 'at random':<9} {found:8.2f} ms{bound}")
    print(f"throughput beside mlflow          {rates['service'] / rates['mlflow']:8.2f} ×   (to hold: at least 5)")
    print(f"  users asked about before        {rates['again'] / rates['mlflow']:8.2f} ×")
    print(f"  share of the echo's             {100 * rates['service'] / rates['echo']:8.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="models:/coldcart-ta_feng@champion", help="a run folder or models:/…")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    arguments = parser.parse_args()
    own, other = cores()
    folder = resolve_model(arguments.model, TrackingSettings(), Home.current())
    print(
        f"{platform.machine()}, {os.cpu_count()} cores; servers on core {other}, load on core {own}; {arguments.model}"
    )
    os.sched_setaffinity(0, {own})
    users = asked(folder, COMPARED + 200 + int(arguments.seconds * (2 * sum(LADDER) + 1700)))
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as servers:
        names = ("service", "mlflow", "echo")
        ports = dict(zip(names, free_ports(3), strict=True))
        packed = package(folder, Path(scratch) / "mlflow")
        commands = {
            "service": [
                "flows.serve", f"model={arguments.model}", f"port={ports['service']}",
                f"state.url=sqlite:///{scratch}/state.db", "limits.requests_per_second=0",
            ],
            "mlflow": [
                "mlflow", "models", "serve", "-m", str(packed), "--env-manager", "local", "--host", "127.0.0.1",
                "--port", str(ports["mlflow"]), "--workers", "1",
            ],
            "echo": [
                "uvicorn", "benchmarks.echo:app", "--port", str(ports["echo"]), "--no-access-log",
                "--log-level", "warning",
            ],
        }  # fmt: skip
        ready = {"service": "/readyz", "mlflow": "/ping", "echo": "/openapi.json"}
        processes = {}
        for name in names:
            log = Path(scratch) / f"{name}.log"
            processes[name] = servers.enter_context(server(commands[name], other, ports[name], ready[name], log))
        measure(ports, processes, users, arguments.seconds)


if __name__ == "__main__":
    main()
