"""Tells somebody a figure of each epoch while a generator is being trained."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

EpochReport = Callable[[int, float], None]
"""Told an epoch (0-based) and its figure; raises to end a training that is not worth going on with."""


def epoch_reporter(monitor: str, on_epoch: EpochReport) -> "Logger":
    """A Lightning logger that hands the monitored figure on.

    Args:
        monitor: Name of the figure; epochs without it are passed over.
        on_epoch: Who is told.

    """
    from pytorch_lightning.loggers import Logger

    class EpochReporter(Logger):
        """Hands the monitored figure of each epoch on."""

        @property
        def name(self) -> str:
            return "epochs"

        @property
        def version(self) -> str:
            return "0"

        def log_metrics(self, metrics: Any, step: int | None = None) -> None:
            if monitor in metrics:
                on_epoch(int(step or 0), float(metrics[monitor]))

        def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None: ...

    return EpochReporter()
