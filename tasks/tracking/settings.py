"""Where runs are tracked."""

import os
from dataclasses import dataclass

from tasks.addresses import address, carries_password
from tasks.errors import ConfigError
from tasks.runs.home import Home


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """MLflow tracking.

    Settings are kept with every run, so an address among them must not carry a password. A server takes user and
    password from ``MLFLOW_TRACKING_USERNAME`` and ``MLFLOW_TRACKING_PASSWORD``, a database's whole address comes from
    ``MLFLOW_TRACKING_URI`` or ``MLFLOW_REGISTRY_URI``.

    Attributes:
        enabled: Whether runs are logged to MLflow at all; without it nothing can be registered.
        uri: Address of the tracking store: ``http://…`` of a server, or ``sqlite:///…`` or ``postgresql://…`` of
            a database. None takes ``MLFLOW_TRACKING_URI``, else the SQLite database under ``COLDCART_HOME``.
        registry_uri: Address of the model registry; None takes ``MLFLOW_REGISTRY_URI``, else the tracking store.
        experiment: Name of the experiment; None stands for ``coldcart/<dataset>``.
        system_metrics: Whether load, memory, disk and network of the machine are logged while a run works.

    """

    enabled: bool = True
    uri: str | None = None
    registry_uri: str | None = None
    experiment: str | None = None
    system_metrics: bool = True

    def __post_init__(self) -> None:
        for name in ("uri", "registry_uri", "experiment"):
            value = getattr(self, name)
            if value is not None and not value.strip():
                raise ValueError(f"{name} must be null or not empty")
        for name, variable in (("uri", "MLFLOW_TRACKING_URI"), ("registry_uri", "MLFLOW_REGISTRY_URI")):
            value = getattr(self, name)
            if value is not None and carries_password(value):
                # No ValueError: whoever reports one may quote the value.
                raise ConfigError(
                    f"tracking.{name} must not carry a password, it would be kept with the run: give {address(value)} "
                    f"and, in the environment, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the whole "
                    f"address in {variable}"
                )

    def tracking_uri(self, home: Home) -> str:
        """The address to use."""
        return self.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home.mlflow_database}"

    def model_registry_uri(self, home: Home) -> str:
        """The address of the model registry to use."""
        return self.registry_uri or os.environ.get("MLFLOW_REGISTRY_URI") or self.tracking_uri(home)

    def experiment_name(self, dataset: str) -> str:
        """The experiment of a run: one per data set; which question was posed stands in tags and names of metrics."""
        return self.experiment or f"coldcart/{dataset}"
