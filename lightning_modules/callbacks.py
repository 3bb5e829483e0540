"""What happens between epochs: measures, validation, checkpoints, history."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.loggers import Logger

from lightning_modules.networks.base import Generator
from lightning_modules.profile_gan import ProfileGan
from lightning_modules.tripwires import Tripwires, sound_alarms

logger = logging.getLogger(__name__)

Score = Callable[[Generator], dict[str, float]]
"""Figures of a generator by which checkpoints are chosen and curves are drawn."""


class ValidationScore:
    """Scores the averaged generator every few epochs, and after the last.

    Args:
        score: The figures; deterministic, or a resume would choose another checkpoint.
        monitor: Name of the figure that chooses the best checkpoint; larger is better.
        every: Epochs between two scorings.

    """

    def __init__(self, score: Score, monitor: str, every: int) -> None:
        self.score, self.monitor, self.every = score, monitor, every

    def due(self, epoch: int, epochs: int) -> bool:
        """Whether this epoch (0-based) is scored."""
        return (epoch + 1) % self.every == 0 or epoch + 1 == epochs

    def measure(self, generator: Generator) -> dict[str, float]:
        """The figures; the monitored one is among them."""
        figures = dict(self.score(generator))
        if self.monitor not in figures:
            raise ValueError(f"score must return {self.monitor!r}, got {sorted(figures)}")
        return figures


class EpochEnd(Checkpoint):
    """Measures, logs and saves at the end of every epoch; keeps the history.

    A ``Checkpoint``, so that Lightning calls it after everything else. Files are written beside and
    moved into place: a kill leaves the earlier one.

    Args:
        folder: Where ``last.ckpt`` and ``best.ckpt`` go.
        loggers: Receive the figures of an epoch, with the epoch as the step.
        tripwires: Measures of the generated behaviour, or None.
        validation: Chooses the best checkpoint; without it the last epoch is the best.

    """

    def __init__(
        self,
        folder: Path,
        loggers: Sequence[Logger],
        tripwires: Tripwires | None,
        validation: ValidationScore | None,
    ) -> None:
        self.folder, self.loggers = folder, loggers
        self.tripwires, self.validation = tripwires, validation
        self.history: list[dict[str, float]] = []
        self.best: float | None = None
        self._started = time.monotonic()

    @property
    def last_path(self) -> Path:
        """Checkpoint of the last finished epoch."""
        return self.folder / "last.ckpt"

    @property
    def best_path(self) -> Path:
        """Checkpoint of the best scored epoch."""
        return self.folder / "best.ckpt"

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Measures, logs, saves."""
        assert isinstance(pl_module, ProfileGan)
        epoch = trainer.current_epoch
        trained = time.monotonic() - self._started
        figures = dict(pl_module.epoch_metrics)
        better = False
        pl_module.eval()
        try:
            if self.tripwires is not None:
                measures = self.tripwires.measure(pl_module.average, pl_module.critic)
                sound_alarms(measures, epoch, self.history)
                figures |= measures
            if self.validation is None:
                better = True
            elif self.validation.due(epoch, trainer.max_epochs or 0):
                scored = self.validation.measure(pl_module.average)
                figures |= scored
                value = scored[self.validation.monitor]
                better = self.best is None or value > self.best
                self.best = value if better else self.best
        finally:
            pl_module.train()
            pl_module.average.eval()
        timing = {"seconds/training": trained, "seconds/measuring": time.monotonic() - self._started - trained}
        self.history.append({"epoch": float(epoch)} | figures)
        for receiver in self.loggers:
            receiver.log_metrics(figures | timing, step=epoch)
            receiver.save()
        logger.info(
            "epoch %d: generator %.4g, critic %.4g, %.1f s + %.1f s measuring",
            epoch,
            figures["loss/generator"],
            figures["loss/critic"],
            trained,
            timing["seconds/measuring"],
        )
        if better:
            self._save(trainer, self.best_path)
        self._save(trainer, self.last_path)

    def _save(self, trainer: pl.Trainer, path: Path) -> None:
        unfinished = path.with_suffix(".unfinished")
        trainer.save_checkpoint(unfinished, weights_only=False)  # optimisers and history too
        os.replace(unfinished, path)

    def state_dict(self) -> dict[str, Any]:
        """History and best figure, part of each checkpoint."""
        return {"history": self.history, "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on where a checkpoint stood."""
        self.history, self.best = list(state_dict["history"]), state_dict["best"]
