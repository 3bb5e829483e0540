"""Where runs are tracked."""

import os
from dataclasses import dataclass

from tasks.runs.home import Home


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """MLflow tracking.

    Attributes:
        enabled: Whether runs are logged to MLflow at all; without it nothing can be registered.
        uri: Address of the tracking store: ``http://…`` of a server, or ``sqlite:///…`` or ``postgresql://…`` of
            a database. None takes ``MLFLOW_TRACKING_URI``, else the SQLite database under ``COLDCART_HOME``.
        registry_uri: Address of the model registry; None takes ``MLFLOW_REGISTRY_URI``, else the tracking store.
        experiment: Name of the experiment; None stands for ``<dataset>/<question>``.

    """

    enabled: bool = True
    uri: str | None = None
    registry_uri: str | None = None
    experiment: str | None = None

    def __post_init__(self) -> None:
        for name in ("uri", "registry_uri", "experiment"):
            value = getattr(self, name)
            if value is not None and not value.strip():
                raise ValueError(f"{name} must be null or not empty")

    def tracking_uri(self, home: Home) -> str:
        """The address to use."""
        return self.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home.mlflow_database}"

    def model_registry_uri(self, home: Home) -> str:
        """The address of the model registry to use."""
        return self.registry_uri or os.environ.get("MLFLOW_REGISTRY_URI") or self.tracking_uri(home)

    def experiment_name(self, dataset: str, question: str) -> str:
        """The experiment of a run: one per data set and question, so that its runs compare."""
        return self.experiment or f"{dataset}/{question}"
