"""What is known of a run between processes: ``state.json`` in its folder."""

import dataclasses
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from tasks.runs.files import read_json, write_json

logger = logging.getLogger(__name__)

FORMAT = 1
STATE_FILE = "state.json"


class RunStatus(StrEnum):
    """Where a run stands; every status but FINISHED can be resumed. Names are MLflow's."""

    RUNNING = "RUNNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    FINISHED = "FINISHED"


@dataclass(frozen=True, slots=True)
class RunState:
    """State of a run.

    Attributes:
        id: Name of the run and of its folder.
        key: Run key, 64 hex digits.
        status: Where it stands.
        created: First start, ISO 8601 in UTC.
        updated: Last change of this state, ISO 8601 in UTC.
        mlflow_run_id: 32 hex digits; None without tracking.
        stages: Finished stages in order, each with what it left to know.
        failure: One line on why the run stopped; None unless FAILED or KILLED.

    """

    id: str
    key: str
    status: RunStatus
    created: str
    updated: str
    mlflow_run_id: str | None = None
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failure: str | None = None

    def write(self, folder: Path) -> None:
        """Replace the state of the run in ``folder`` in one step."""
        write_json(folder / STATE_FILE, {"format": FORMAT, **dataclasses.asdict(self)})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The state of the run in ``folder``.

        Raises:
            FileNotFoundError: The folder holds no run.
            ValueError: The state cannot be read by this version.
        """
        content = read_json(folder / STATE_FILE)
        if content.pop("format", None) != FORMAT:
            raise ValueError(f"{folder / STATE_FILE}: expected format {FORMAT}")
        try:
            return cls(**{**content, "status": RunStatus(content["status"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"{folder / STATE_FILE}: {error}") from error


def all_states(runs: Path) -> Iterator[RunState]:
    """States of all runs below ``runs``, in order of their names; unreadable ones are reported and passed over."""
    if not runs.is_dir():
        return
    for folder in sorted(runs.iterdir()):
        try:
            yield RunState.read(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            logger.warning("Passing over a run that cannot be read: %s", error)
