"""The inside of a worker process: units come in, messages go out, until the other end is gone."""

import logging
import os
import queue
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from tasks.benchmark.units import Finished, Said
from tasks.runs.closing import one_line


class Tell:
    """Sends messages; threads take turns.

    Args:
        connection: To the process that hands out the work.

    """

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def __call__(self, message: Any) -> None:
        """Send one."""
        with self._lock:
            self._connection.send(message)


class _Forward(logging.Handler):
    """Hands log records to the process that shows them."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(Said(record.name, record.levelno, record.getMessage()))


def serve(connection: Connection, do: Callable[[Any, Tell, Callable[[], Any]], Any]) -> None:
    """Do units until the other end is gone.

    Args:
        connection: To the process that hands out the work.
        do: Does a unit and returns what it came to; is given where to send messages, and a function that waits for
            an answer to one.

    """
    tell, received = Tell(connection), queue.SimpleQueue[Any]()
    threading.Thread(target=_listen, args=(connection, received), daemon=True).start()
    logging.getLogger().handlers[:] = [_Forward(tell)]
    logging.captureWarnings(True)
    while True:
        unit = received.get()
        try:
            tell(Finished(do(unit, tell, received.get)))
        except Exception as error:
            tell(Finished(None, one_line(error), traceback.format_exc()))


def _listen(connection: Connection, received: "queue.SimpleQueue[Any]") -> None:
    """Where the other end goes, this process goes, whatever it is doing."""
    while True:
        try:
            received.put(connection.recv())
        except (EOFError, OSError):
            os._exit(1)
