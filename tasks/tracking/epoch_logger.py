"""The bridge from Lightning to a tracked run."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from tasks.tracking.mlflow_run import MlflowRun


class EpochLogger(Logger):
    """Writes what a module logs per epoch, with the epoch as the step.

    Meant for ``self.log(…, on_step=False, on_epoch=True)``: each call is one batch to the store (about 20 ms on
    SQLite). Unlike Lightning's own MLflow logger it neither opens nor closes a run: training is one stage of it.
    """

    def __init__(self, run: MlflowRun) -> None:
        super().__init__()
        self._run = run

    @property
    def name(self) -> str:
        """Id of the experiment."""
        return self._run.experiment_id

    @property
    def version(self) -> str:
        """Id of the run."""
        return self._run.id

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log an epoch's metrics; Lightning adds ``epoch`` to them, and counts ``step`` in batches."""
        epoch = metrics.get("epoch", step)
        values = {name: value for name, value in metrics.items() if name != "epoch"}
        if values:
            self._run.log_metrics(values, step=int(epoch or 0))

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run's configuration is logged once, whole, by ``log_parameters``."""
