"""One thread that writes: what waits at the same time shares a transaction, and so one flush to the disk."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

logger = logging.getLogger(__name__)

T = TypeVar("T")
MOST_TOGETHER = 256

Change = Callable[[Connection], T]
"""Writes inside a transaction that somebody else opens and commits."""


class GroupCommit(Generic[T]):
    """Commits changes in the order they are handed in.

    Args:
        engine: The database.
        committed: Called after each commit with the results of its changes, before anybody is told of them.

    """

    def __init__(self, engine: Engine, committed: Callable[[list[T]], None]) -> None:
        self._engine = engine
        self._committed = committed
        self._waiting: queue.SimpleQueue[tuple[Change[T], Future[T]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="state-writer", daemon=True)
        self._thread.start()

    def submit(self, change: Change[T]) -> "Future[T]":
        """Hand in a change; the future is done once it is on the disk, or carries the error that kept it off."""
        future: Future[T] = Future()
        self._waiting.put((change, future))
        return future

    def close(self) -> None:
        """Commit what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            first = self._waiting.get()
            if first is None:
                return
            together = [first]
            while len(together) < MOST_TOGETHER:
                try:
                    one = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if one is None:
                    open_ = False
                    break
                together.append(one)
            self._commit(together)

    def _commit(self, together: list[tuple[Change[T], Future[T]]]) -> None:
        try:
            with self._engine.begin() as connection:
                results = [change(connection) for change, _ in together]
            self._committed(results)
        except Exception as error:
            # One bad change must not take the others with it.
            if len(together) > 1:
                for one in together:
                    self._commit([one])
                return
            logger.warning("a change of the state was not written: %s", " ".join(str(error).split())[:300])
            together[0][1].set_exception(error)
            return
        for (_, future), result in zip(together, results, strict=True):
            future.set_result(result)
