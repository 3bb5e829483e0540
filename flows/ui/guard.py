"""Ends a session whose first process was killed and could not do it itself; started by ``flows.ui.processes``."""

import os
import sys
import time

import psutil

from flows.ui.processes import end, marked

POLL_SECONDS = 1.0
END_SECONDS = 10.0
LAST = ("prefect worker start", "flows.ui.prefect_server", "mlflow")
"""Words in the command lines of what a run reports its end to."""


def main(parent: int, mark: str) -> None:
    """Wait until process ``parent`` is gone, then end what carries ``mark``: runs first, then what they report to."""
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    end([process for process in marked(mark) if not any(words in _command(process) for words in LAST)], END_SECONDS)
    end([process for process in marked(mark) if LAST[0] in _command(process)], END_SECONDS)
    end(marked(mark), END_SECONDS)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
