"""Prefect's and MLflow's pages, the deployments and a worker for them, until Ctrl-C.

python -m flows.ui                     # or: make ui
python -m flows.ui prefect_port=4300 mlflow_port=5100
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import hydra
from hydra.core.hydra_config import HydraConfig
from rich.console import Console

from flows.arguments import start
from flows.terminal import Terminated, configure_terminal, one_error
from flows.ui.services import Running, running
from flows.ui.settings import UiSettings
from tasks.config import load_settings
from tasks.overrides import CONF_DIR
from tasks.runs.home import Home

POLL_SECONDS = 0.5


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="ui")
@one_error
def main(_: object) -> None:
    """Start everything, say where it is, and end it on Ctrl-C."""
    configure_terminal()
    settings = load_settings(UiSettings, "ui", list(HydraConfig.get().overrides.task))
    console = Console(soft_wrap=True, highlight=False)
    console.print("starting Prefect, MLflow, the deployments and a worker …")
    try:
        with _undisturbed_end(), running(settings, Home.current()) as ui:
            _show(console, ui)
            while True:
                ui.processes.check()
                time.sleep(POLL_SECONDS)
    except (KeyboardInterrupt, Terminated):
        console.print("ended")


@contextmanager
def _undisturbed_end() -> Iterator[None]:
    """An impatient second Ctrl-C must not leave processes behind."""
    before = signal.getsignal(signal.SIGINT)

    def interrupted(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("\nending …", flush=True)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _show(console: Console, ui: Running) -> None:
    console.print()
    for label, value in (
        ("Prefect", f"{ui.pages.prefect_pages}/deployments   start runs: choose a deployment, Run, Custom run"),
        ("MLflow", f"{ui.runs_table}   compare them"),
        ("state", str(Home.current().root)),
        ("end", "Ctrl-C ends all of it"),
    ):
        console.print(f"{label:<12} {value}", markup=False)


if __name__ == "__main__":
    start(main)
