"""Worker processes that train: what is open is closed before they end."""

import subprocess

from tasks.benchmark.workers import WorkerProcess

CLOSING_SECONDS = 10
"""What a training has to mark its run as killed, before the process is ended whatever it is doing."""


class TrialProcess(WorkerProcess):
    """A worker that trains runs of a sweep.

    Attributes:
        ended_by_us: Whether the sweep ended it; a trial that ends with it did not fail.

    """

    module = "flows.trial"
    ended_by_us = False

    def kill(self) -> None:
        """Ask the process to end; its run is marked KILLED and can be gone on with."""
        self.ended_by_us = True
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> int | None:
        """End the process: at once where it waits for work, after its run is closed where it was asked to end."""
        if self.ended_by_us and self._process is not None:
            try:
                self._process.wait(timeout=CLOSING_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return super().stop()
