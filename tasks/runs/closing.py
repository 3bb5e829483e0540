"""What every run has in common, wherever it is recorded: leaving it closes it with a status."""

import logging
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from tasks.runs.state import RunStatus

logger = logging.getLogger(__name__)


class Closing(ABC):
    """A context manager that ends as its block does.

    An error marks it FAILED, an interruption (Ctrl-C, a termination signal) KILLED, otherwise it is FINISHED.
    """

    @abstractmethod
    def close(self, status: RunStatus, failure: str | None = None) -> None:
        """Write the final status, and one line on what went wrong."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close(RunStatus.FINISHED)
            return
        status = RunStatus.FAILED if isinstance(error, Exception) else RunStatus.KILLED
        try:
            self.close(status, one_line(error))
        except Exception as second:
            # The first error is the one to see.
            logger.warning("Could not mark %s as %s: %s", self, status, second)


def one_line(error: BaseException) -> str:
    """An error as one line of at most 300 characters."""
    text = " ".join(str(error).split())
    return (f"{type(error).__name__}: {text}" if text else type(error).__name__)[:300]
