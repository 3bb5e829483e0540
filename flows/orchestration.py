"""A Prefect server to run against: the one that is configured, or a temporary one of our own.

Prefect can start a server by itself, too. It takes as long, but it is stopped while its last events are still being
written, which ends a command with pages of tracebacks; and it is left behind when the command is killed.
"""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO

from filelock import FileLock

from flows.ui.state import open_pages
from flows.watch import end_dead_flow_runs
from tasks.errors import ColdcartError
from tasks.runs.home import REPOSITORY, Home

START_SECONDS = 120
"""A new database is migrated first; on a busy machine that takes a while."""

DRAIN_SECONDS = 20

_temporary: set[str] = set()
"""Addresses of servers that end with this command: they have no pages."""


class OrchestrationError(ColdcartError):
    """No Prefect server can be used (names its address or its log)."""


@contextlib.contextmanager
def prefect_server(home: Home | None = None, *, meanwhile: Callable[[], object] | None = None) -> Iterator[str]:
    """A server for the flows inside the block; yields the address of its API.

    Where ``PREFECT_API_URL`` or a Prefect profile names a server, that one is used, and where ``make ui`` runs, its
    own. Otherwise one is started on a free loopback port and stopped at the end. It keeps its database below
    ``COLDCART_HOME``, so that a server with a UI, started later, shows these runs.

    Args:
        home: Where state lives; ``Home.current()`` by default.
        meanwhile: Work to do while the server starts, for example to import what the first stage needs.

    Raises:
        OrchestrationError: The configured server does not answer, or none can be started.
    """
    configured = configured_address(home or Home.current())
    if configured is not None:
        _check(configured)
        if meanwhile is not None:
            meanwhile()
        with _settings_for(configured):
            end_dead_flow_runs(home or Home.current())
            yield configured
        return
    with _temporary_server(home or Home.current(), meanwhile) as address, _settings_for(address):
        _temporary.add(address)
        end_dead_flow_runs(home or Home.current())
        try:
            yield address
        finally:
            _drain()
            _temporary.discard(address)


def prefect_pages(home: Home) -> str | None:
    """Address of the pages of the server in use; None where that is a temporary one, which has none."""
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is None or str(settings.api.url) in _temporary:
        return None
    pages = open_pages(home)
    return pages.prefect_pages if pages and pages.prefect_api == settings.api.url else settings.ui_url


def configured_address(home: Home) -> str | None:
    """Address of the API that is configured, else of the pages that ``make ui`` has open; None without either."""
    from prefect.settings import get_current_settings

    address = get_current_settings().api.url
    if address:
        return str(address)
    pages = open_pages(home)
    return pages.prefect_api if pages else None


def _check(address: str) -> None:
    """Prefect itself retries for minutes and then shows a traceback."""
    import httpx

    try:
        httpx.get(f"{address.rstrip('/')}/health", timeout=20)
    except httpx.HTTPError as error:
        raise OrchestrationError(
            f"PREFECT_API_URL: the Prefect server at {address} does not answer ({error}). Start it, or unset "
            "PREFECT_API_URL (or `prefect config unset PREFECT_API_URL`) to run without one."
        ) from error


@contextlib.contextmanager
def _settings_for(address: str) -> Iterator[None]:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    # The environment is for processes started inside the block, the settings for this one.
    before = os.environ.get("PREFECT_API_URL")
    os.environ["PREFECT_API_URL"] = address
    try:
        with temporary_settings({PREFECT_API_URL: address}):
            yield
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        if before is not None:
            os.environ["PREFECT_API_URL"] = before


@contextlib.contextmanager
def _temporary_server(home: Home, meanwhile: Callable[[], object] | None) -> Iterator[str]:
    home.prefect.mkdir(parents=True, exist_ok=True)
    home.locks.mkdir(parents=True, exist_ok=True)
    log = home.prefect / "temporary-server.log"
    with contextlib.ExitStack() as stack:
        # Two servers must not migrate one new database at once.
        guard = stack.enter_context(FileLock(home.locks / "prefect.guard", timeout=2 * START_SECONDS))
        errors = stack.enter_context(log.open("a"))
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.temporary_server", str(os.getpid())],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            # Ctrl-C in a terminal reaches its whole group; the flow still has to report its end.
            start_new_session=True,
        )
        stack.callback(_stop, process)
        if meanwhile is not None:
            meanwhile()
        assert process.stdout is not None
        port = _first_line(process.stdout, START_SECONDS)
        if not port:
            raise OrchestrationError(
                f"no temporary Prefect server could be started within {START_SECONDS} s; its log is {log}. "
                "Set PREFECT_API_URL to use a server of your own (`prefect server start`)."
            )
        guard.release()
        yield f"http://127.0.0.1:{port}/api"


def _first_line(stream: IO[bytes], seconds: float) -> str:
    """The first line of a pipe, or nothing where it ends or takes too long."""
    end, read = time.monotonic() + seconds, b""
    while not read.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
        some = os.read(stream.fileno(), 64) if ready else b""
        if not some:
            return ""
        read += some
    return read.decode().strip()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _drain() -> None:
    """Let the last logs and events reach the server before it goes; task runs are known to it through events."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=DRAIN_SECONDS)
