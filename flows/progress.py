"""How far a piece of work is: a bar below the log of a terminal, and a progress artifact on the run's page."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import cast
from uuid import UUID

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

logger = logging.getLogger(__name__)

SECONDS_BETWEEN = 2.0
"""Each report to the server is a request; a page is read by people."""


def terminal_console() -> Console | None:
    """The console the log goes to; None where it is piped or belongs to Prefect, and lines say it all."""
    consoles = [handler.console for handler in logging.getLogger().handlers if isinstance(handler, RichHandler)]
    return consoles[0] if consoles else None


@contextlib.contextmanager
def progress(key: str, what: str) -> Iterator[Callable[[float, str], None]]:
    """Show how far a piece of work is, in the terminal and on the run's page.

    Args:
        key: Of the artifact: lowercase letters, digits and dashes.
        what: What is done, for people.

    Yields:
        Takes how far it is, 0 … 1, and that in words. A server that stops answering is said once and then left alone.

    """
    artifact = ProgressArtifact(key, what)
    console = terminal_console()
    if console is None:
        yield artifact
        return
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.percentage:3.0f}% {task.description}"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True) as bar:
        # A resumed training begins somewhere: what was done before says nothing about the speed.
        training = bar.add_task("", total=1.0)

        def both(share: float, words: str) -> None:
            bar.update(training, completed=share, description=words)
            artifact(share, words)

        yield both


class ProgressArtifact:
    """A progress artifact, made when it is first told something; thread-safe. Outside a flow run it does nothing.

    Args:
        key: Lowercase letters, digits and dashes.
        what: Stands beside the percentage.
        seconds: Shortest time between two updates; the last one always comes.

    """

    def __init__(self, key: str, what: str, seconds: float = SECONDS_BETWEEN) -> None:
        self._key, self._what, self._seconds = key, what, seconds
        self._id: UUID | None = None
        self._told = 0.0
        self._lost = False
        self._lock = threading.Lock()

    def __call__(self, share: float, words: str) -> None:
        """Tell the page, unless it was told a moment ago."""
        from prefect.runtime import flow_run

        with self._lock:
            now = time.monotonic()
            if self._lost or not flow_run.id or (share < 1 and now - self._told < self._seconds):
                return
            self._told = now
            try:
                self._tell(round(100 * share, 1), f"{self._what}: {words}")
            except Exception as error:
                # A page that stands still must not end hours of training.
                self._lost = True
                logger.warning("The progress on the run's page stands still: %s", error)

    def _tell(self, percent: float, words: str) -> None:
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        if self._id is None:
            self._id = cast(UUID, create_progress_artifact(percent, key=self._key, description=words))
        else:
            update_progress_artifact(self._id, progress=percent, description=words)
