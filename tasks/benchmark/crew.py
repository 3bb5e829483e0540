"""Workers take from the board, side by side, until nothing is left."""

import contextvars
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tasks.benchmark.board import Board, Entry
from tasks.benchmark.workers import WorkerProcess

logger = logging.getLogger(__name__)

Step = Callable[[str, Callable[[], None]], None]
"""Runs a piece of work under a title; a flow makes it a task of its own."""
Work = Callable[[WorkerProcess, Entry, Any], None]
"""Does a unit on a worker."""


class UnitFailedError(Exception):
    """A unit failed; it is written down already, and raised only so that a task shows as failed."""


def plain_step(title: str, work: Callable[[], None]) -> None:
    """Just do it."""
    work()


class Crew:
    """A number of worker processes.

    Args:
        size: Number of processes.
        threads: Threads per process.
        step: Runs each unit.
        worker: Makes a worker from its number of threads; those of the benchmark by default.

    """

    def __init__(
        self,
        size: int,
        threads: int,
        step: Step = plain_step,
        worker: Callable[[int], WorkerProcess] | None = None,
    ) -> None:
        self._workers = [(worker or WorkerProcess)(threads) for _ in range(size)]
        self._step = step

    def do(self, board: Board, work: Work) -> None:
        """Take entries until nothing is left, each worker in a thread of its own.

        Raises:
            Exception: The first one that ``work`` raised, other than ``UnitFailedError``; nothing is begun after it.

        """
        problems: list[BaseException] = []
        threads = [
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(self._drive, worker, board, work, problems),
                daemon=True,
            )
            for worker in self._workers
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(timeout=0.2)  # short waits let signals through
        except BaseException:
            board.stop()
            self.kill()
            raise
        if problems:
            raise problems[0]

    def kill(self) -> None:
        """End all processes, whatever they are doing."""
        for worker in self._workers:
            worker.kill()

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.stop()

    def _drive(self, worker: WorkerProcess, board: Board, work: Work, problems: list[BaseException]) -> None:
        try:
            while (taken := board.take()) is not None:
                entry, unit = taken
                try:
                    self._step(unit.title, lambda entry=entry, unit=unit: work(worker, entry, unit))  # type: ignore[misc]
                except UnitFailedError:
                    pass
                finally:
                    board.finish(entry)
        except BaseException as error:
            problems.append(error)
            board.stop()


def survey_entries(units: Sequence[Any]) -> list[Entry]:
    """One entry per unit, in their order, none after another."""
    return [Entry(number, lambda unit=unit: unit) for number, unit in enumerate(units)]  # type: ignore[misc]
