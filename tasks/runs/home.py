"""The one folder that holds all state, and the names of what is in it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]
"""Root of the checkout (the project is installed editable)."""

VARIABLE = "COLDCART_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """All state of the project: both databases, artifacts, runs and their checkpoints.

    Attributes:
        root: Absolute path. Nothing is created before it is used.

    """

    root: Path

    @classmethod
    def current(cls) -> Self:
        """The folder named by ``COLDCART_HOME``, or ``.coldcart`` in the repository."""
        named = os.environ.get(VARIABLE, "").strip()
        return cls(Path(named).expanduser().absolute() if named else REPOSITORY / ".coldcart")

    @property
    def runs(self) -> Path:
        """One folder per run, named by the run's id."""
        return self.root / "runs"

    @property
    def locks(self) -> Path:
        """Who works on which run, and the guards around first set-ups."""
        return self.root / "locks"

    @property
    def logs(self) -> Path:
        """Tracebacks of unexpected errors."""
        return self.root / "logs"

    @property
    def prefect(self) -> Path:
        """Prefect's database, settings and results (``PREFECT_HOME``)."""
        return self.root / "prefect"

    @property
    def ui(self) -> Path:
        """Which pages are open, while ``make ui`` runs."""
        return self.root / "ui.json"

    @property
    def serving(self) -> Path:
        """State of the service: events of users, the exposure log, keys."""
        return self.root / "serving"

    @property
    def mlflow_database(self) -> Path:
        """MLflow's SQLite database: runs, metrics and the model registry."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifacts, where its store is our database."""
        return self.root / "artifacts"

    @property
    def trash(self) -> Path:
        """What ``flows.prune`` has begun to remove."""
        return self.root / "trash"

    @property
    def downloads(self) -> Path:
        """Models fetched from a remote store."""
        return self.root / "downloads"
