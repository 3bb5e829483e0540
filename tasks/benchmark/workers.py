"""Worker processes, seen from the one that hands out the work."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from tasks.benchmark.units import Finished, Message, Said
from tasks.errors import ColdcartError
from tasks.runs.home import REPOSITORY

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS")
"""Variables by which libraries decide how many threads to use; read when they are imported."""


class WorkerDiedError(ColdcartError):
    """A worker process ended in the middle of its work (out of memory, or killed)."""


class WorkerProcess:
    """One worker; a new process is started for the next unit where the last one died.

    Args:
        threads: Threads it may use.

    """

    module = "tasks.benchmark.worker"
    """What the process runs; it is given the number of its socket."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def run(self, unit: Any, listen: Callable[[Message], object]) -> Finished:
        """Do a unit; its messages are handed to ``listen`` as they come, log records to our loggers.

        What ``listen`` returns, unless None, is sent back as the answer that the worker waits for.

        Raises:
            WorkerDiedError: The process ended first.

        """
        connection = self._connection or self._start()
        try:
            connection.send(unit)
            while True:
                message = connection.recv()
                if isinstance(message, Finished):
                    return message
                if isinstance(message, Said):
                    logging.getLogger(message.logger).log(message.level, "%s", message.text)
                elif (answer := listen(message)) is not None:
                    connection.send(answer)
        except (EOFError, OSError) as error:
            code = self.stop()
            raise WorkerDiedError(
                f"a worker process ended with exit code {code} in the middle of its work ({unit.title})"
            ) from error

    def kill(self) -> None:
        """End the process from another thread than the one in ``run``, which then raises."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> int | None:
        """End the process, whatever it is doing; returns its exit code, None where none was started."""
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if process is None:
            return None
        try:
            return process.wait(timeout=2)  # it ends by itself when the connection closes
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, str(theirs.fileno())],
                cwd=REPOSITORY,
                env=os.environ | dict.fromkeys(THREADS, str(self._threads)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # Ctrl-C in a terminal reaches its whole group; workers are stopped by us.
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        return self._connection
