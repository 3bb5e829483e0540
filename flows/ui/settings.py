"""What ``make ui`` is asked for."""

from dataclasses import dataclass, field

from tasks.tracking import TrackingSettings


@dataclass(frozen=True, slots=True)
class UiSettings:
    """The root of ``conf/ui.yaml``.

    Attributes:
        prefect_port: Of Prefect's server, 1 … 65535; None takes 4200, or a free one.
        mlflow_port: Of MLflow's server; None takes 5000, or a free one.
        tracking: The tracking store that MLflow's server shows.

    """

    prefect_port: int | None = None
    mlflow_port: int | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        for name in ("prefect_port", "mlflow_port"):
            port = getattr(self, name)
            if port is not None and not 1 <= port <= 65535:
                raise ValueError(f"{name} must be in 1 … 65535, got {port}")
