"""What a run can tell the tracking store, and a run that tells it nothing."""

import json
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tasks.runs.closing import Closing
from tasks.runs.state import RunStatus
from tasks.tracking.datasets import LoggedDataset

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

METRIC_NAME = re.compile(r"^[A-Za-z0-9_.\- /]+$")


class TrackedRun(Closing):
    """What a run can tell the tracking store.

    Attributes:
        id: MLflow run id, 32 hex digits; None without tracking.

    """

    id: str | None = None

    @abstractmethod
    def log_parameters(self, config: Mapping[str, Any]) -> None:
        """Log a resolved configuration as flat parameters; those the run has already stay as they are."""

    @abstractmethod
    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; an existing one is replaced."""

    @abstractmethod
    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log metrics in one batch.

        Args:
            metrics: Names such as ``val/next_visits/hybrid/ndcg_at_10/shots_3``; values may be nan.
            step: Epoch, or 0 for what is measured once.

        Raises:
            ValueError: A name holds a character MLflow does not take, such as ``@`` or ``+``.
            TrackingError: The store does not answer.
        """

    @abstractmethod
    def log_file(self, path: Path, folder: str | None = None) -> None:
        """Copy a file into the run's artifacts, below ``folder``."""

    @abstractmethod
    def log_folder(self, path: Path, folder: str) -> None:
        """Copy what is in a folder into the run's artifacts, below ``folder``."""

    @abstractmethod
    def log_model(self, folder: Path) -> None:
        """Keep a ``model/`` folder as an MLflow model, which can be registered and served.

        Raises:
            ModelError: The folder holds no whole model.
            TrackingError: The store does not answer.
        """

    @abstractmethod
    def log_text(self, text: str, name: str) -> None:
        """Write a text artifact, for example ``config.yaml``."""

    def log_json(self, content: Mapping[str, Any], name: str) -> None:
        """Write a JSON artifact, for example ``summary.json``."""
        self.log_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", name)

    @abstractmethod
    def log_datasets(self, datasets: Sequence[LoggedDataset]) -> None:
        """Name the data that the run stands on; nothing of the data is copied."""

    @abstractmethod
    def offer_view(self, metrics: Sequence[str]) -> None:
        """Have these metrics shown first in the table of runs of its experiment, in the view that is ours."""

    @abstractmethod
    def watch_machine(self) -> None:
        """Log load, memory, disk and network of the machine until the run is closed, unless that is switched off."""

    @abstractmethod
    def epoch_logger(self) -> "Logger | None":
        """A Lightning logger that writes each epoch's metrics to this run; None without tracking."""

    @abstractmethod
    def link(self, ui: str | None = None, file: str | None = None) -> str | None:
        """Address of the run's page; None without tracking or where no server's address is known.

        Args:
            ui: Address of an MLflow server on the same store, where the store is a database.
            file: One of the run's files, to be shown on that page.
        """

    def __str__(self) -> str:
        return f"MLflow run {self.id}"


class Untracked(TrackedRun):
    """Tracking switched off: takes everything, keeps nothing."""

    @override
    def log_parameters(self, config: Mapping[str, Any]) -> None: ...
    @override
    def set_tags(self, tags: Mapping[str, str]) -> None: ...
    @override
    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        check_names(metrics)

    @override
    def log_file(self, path: Path, folder: str | None = None) -> None: ...
    @override
    def log_folder(self, path: Path, folder: str) -> None: ...
    @override
    def log_model(self, folder: Path) -> None: ...
    @override
    def log_text(self, text: str, name: str) -> None: ...
    @override
    def log_datasets(self, datasets: Sequence[LoggedDataset]) -> None: ...
    @override
    def offer_view(self, metrics: Sequence[str]) -> None: ...
    @override
    def watch_machine(self) -> None: ...
    @override
    def epoch_logger(self) -> "Logger | None":
        return None

    @override
    def link(self, ui: str | None = None, file: str | None = None) -> str | None:
        return None

    @override
    def close(self, status: RunStatus, failure: str | None = None) -> None: ...


def check_names(metrics: Mapping[str, float]) -> None:
    """Refuse names that MLflow would refuse later.

    Raises:
        ValueError: Names the metric.
    """
    for name in metrics:
        if not METRIC_NAME.match(name):
            raise ValueError(f"metric {name!r}: only letters, digits, '_', '-', '.', ' ' and '/' are legal")
