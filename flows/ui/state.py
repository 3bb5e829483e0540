"""Which pages are open for a home: written by ``make ui``, read by commands started meanwhile."""

import dataclasses
import json
from dataclasses import dataclass

import psutil

from tasks.runs.home import Home


@dataclass(frozen=True, slots=True)
class OpenPages:
    """What ``make ui`` serves.

    Attributes:
        prefect: Address of Prefect's server, such as ``http://127.0.0.1:4200``.
        mlflow: Address of MLflow's server.
        process: Id of the process that ends them.

    """

    prefect: str
    mlflow: str
    process: int

    @property
    def prefect_api(self) -> str:
        """Address of Prefect's API."""
        return f"{self.prefect}/api"

    @property
    def prefect_pages(self) -> str:
        """Address of Prefect's pages; drop-downs of the older ones, which lie at the root, do not open to a mouse."""
        return f"{self.prefect}/v2"

    def write(self, home: Home) -> None:
        """Say so to others; done only once all of it answers."""
        home.ui.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")


def open_pages(home: Home) -> OpenPages | None:
    """The pages that are open for this home; None where there are none, or their process was killed."""
    try:
        pages = OpenPages(**json.loads(home.ui.read_text(encoding="utf-8")))
        # The number of a process that was killed may be another one's by now.
        return pages if "flows.ui" in psutil.Process(pages.process).cmdline() else None
    except (OSError, ValueError, TypeError, psutil.Error):
        return None
