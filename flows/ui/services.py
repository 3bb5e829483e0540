"""Both servers, the deployments and a worker: started side by side, answered for, ended in order."""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from filelock import FileLock, Timeout

from flows.forms.fields import DEFAULTS
from flows.orchestration import START_SECONDS, OrchestrationError
from flows.ui.processes import Processes, checkout, end
from flows.ui.settings import UiSettings
from flows.ui.state import OpenPages, open_pages
from flows.ui.workers import start_workers
from tasks.runs.home import Home
from tasks.stages.dead_runs import end_dead_runs
from tasks.tracking.server import runs_table, server_command, server_environment

PREFECT_PORT, MLFLOW_PORT = 4200, 5000
"""Where people look for them."""

RUN_SECONDS, SERVER_SECONDS = 20.0, 10.0
"""How long runs may take to report that they were ended, and servers to end."""


@dataclass(frozen=True, slots=True)
class Running:
    """What runs.

    Attributes:
        pages: Addresses of both servers.
        runs_table: Address of MLflow's table of training runs.
        processes: To see whether all of it is alive.

    """

    pages: OpenPages
    runs_table: str
    processes: Processes


@contextlib.contextmanager
def running(settings: UiSettings, home: Home) -> Iterator[Running]:
    """Both servers, the deployments and a worker, for as long as the block lasts.

    Args:
        settings: Ports and the tracking store.
        home: Where state lives.

    Raises:
        OrchestrationError: A port is taken, something does not start, or pages for this home are open already.
    """
    _refuse_other_servers(settings)
    home.locks.mkdir(parents=True, exist_ok=True)
    with _alone(home), contextlib.ExitStack() as stack:
        prefect = f"http://127.0.0.1:{free_port('prefect_port', settings.prefect_port, PREFECT_PORT)}"
        mlflow = f"http://127.0.0.1:{free_port('mlflow_port', settings.mlflow_port, MLFLOW_PORT)}"
        pages = OpenPages(prefect, mlflow, os.getpid())
        processes = Processes(home.logs / "ui")
        stack.callback(_end, processes)
        _start_servers(processes, pages, settings, home)
        end_dead_runs(home)
        start_workers(processes, pages)
        table = runs_table(pages.mlflow, settings.tracking.experiment_name(DEFAULTS["dataset"]))
        pages.write(home)
        stack.callback(home.ui.unlink, missing_ok=True)
        yield Running(pages, table, processes)


def _refuse_other_servers(settings: UiSettings) -> None:
    from prefect.settings import get_current_settings

    address = get_current_settings().api.url
    if address:
        raise OrchestrationError(
            f"PREFECT_API_URL: a Prefect server is configured already ({address}); this command starts one of its own. "
            "Unset it, or use that server: `python -m flows.deploy` and `prefect worker start --pool coldcart`"
        )
    uri = settings.tracking.uri or os.environ.get("MLFLOW_TRACKING_URI", "")
    if uri.startswith("http"):
        raise OrchestrationError(
            f"MLFLOW_TRACKING_URI: an MLflow server is configured already ({uri}); this command starts one of its own. "
            "Unset it, or name a database (postgresql://…)"
        )


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    lock = FileLock(home.locks / "ui.lock", timeout=0)
    try:
        with lock:
            yield
    except Timeout as error:
        pages = open_pages(home)
        where = f" at {pages.prefect} and {pages.mlflow}, process {pages.process}" if pages else ""
        raise OrchestrationError(f"pages for {home.root} are open already{where}; use those, or end them") from error


def free_port(name: str, asked: int | None, usual: int) -> int:
    """The port that was asked for, else the usual one, else a free one.

    Raises:
        OrchestrationError: The port that was asked for is taken.
    """
    for port in [asked] if asked else [usual, 0]:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as probe:
            return int(probe.getsockname()[1])
    raise OrchestrationError(f"{name}: port {asked} is taken. Choose another, or leave it out for a free one")


def _start_servers(processes: Processes, pages: OpenPages, settings: UiSettings, home: Home) -> None:
    """Side by side; other commands keep away from databases that may be new."""
    port = pages.prefect.rpartition(":")[2]
    prefect = [sys.executable, "-m", "flows.ui.prefect_server", port]
    own_pages = {
        # Both, or the pages ask port 4200 whatever their own is.
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # SQLite has one writer at a time; on a busy machine the others wait for it longer than Prefect's 10 s.
        "PREFECT_SERVER_DATABASE_TIMEOUT": os.environ.get("PREFECT_SERVER_DATABASE_TIMEOUT", "60"),
    }
    mlflow = server_command(int(pages.mlflow.rpartition(":")[2]))
    home.prefect.mkdir(parents=True, exist_ok=True)
    with (
        FileLock(home.locks / "prefect.guard", timeout=2 * START_SECONDS),
        FileLock(home.locks / "mlflow.guard", timeout=2 * START_SECONDS),
    ):
        processes.start("Prefect", prefect, checkout() | own_pages)
        processes.start("MLflow", mlflow, server_environment(settings.tracking, home))
        # What comes next takes seconds to import.
        ahead = threading.Thread(target=_import_ahead, daemon=True)
        ahead.start()
        processes.wait("Prefect", lambda: httpx.get(f"{pages.prefect_api}/health", timeout=5).is_success)
        processes.wait("MLflow", lambda: httpx.get(f"{pages.mlflow}/health", timeout=5).is_success)
        ahead.join()


def _import_ahead() -> None:

    import flows.forms.benchmark
    import flows.forms.recommend
    import flows.forms.train  # noqa: F401


def _end(processes: Processes) -> None:
    """Runs first, so that they can still tell their servers; then the worker, then the servers."""
    workers = [name for name in processes.names() if name.startswith("worker")]
    end([run for name in workers for run in processes.below(name)], RUN_SECONDS)
    for name in workers:
        processes.end(name, SERVER_SECONDS)
    processes.end_all(SERVER_SECONDS)
