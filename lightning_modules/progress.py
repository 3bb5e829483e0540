"""How far a training is, told while it runs; and whose business a termination signal is."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

Shown = Callable[[float, str], None]
"""Receives how far the training is, 0 … 1, and that in words, for example ``epoch 3 of 10``."""

SECONDS_BETWEEN = 0.5


class TrainingProgress(Callback):
    """Tells how far the training is: at its start (which may be a resumed one), on the way, and at its end.

    Args:
        shown: Who is told, from the thread that trains.
        seconds: Shortest time between two reports on the way; half a second by default.

    """

    def __init__(self, shown: Shown, seconds: float | None = None) -> None:
        self._shown, self._seconds = shown, SECONDS_BETWEEN if seconds is None else seconds
        self._told = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tells where it begins."""
        self._tell(trainer, 0)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Tells from time to time."""
        if time.monotonic() - self._told >= self._seconds:
            self._tell(trainer, batch_idx + 1)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tells that all epochs are done."""
        self._shown(1.0, f"{trainer.max_epochs} of {trainer.max_epochs} epochs")

    def _tell(self, trainer: pl.Trainer, calls: int) -> None:
        epochs, per_epoch = trainer.max_epochs or 1, max(1, int(trainer.num_training_batches))
        epoch = min(trainer.current_epoch, epochs - 1)
        self._shown((epoch + calls / per_epoch) / epochs, f"epoch {epoch + 1} of {epochs}")
        self._told = time.monotonic()


class SignalsStay(Callback):
    """Leaves SIGTERM to whoever started the training: Lightning would put a handler of its own in between.

    An orchestrator looks for its own handler to tell a wanted cancellation from a crash. Made before the training
    starts; Lightning installs its handler between then and the first batch.
    """

    def __init__(self) -> None:
        self._handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Puts the earlier handler back."""
        if threading.current_thread() is threading.main_thread() and self._handler is not None:
            signal.signal(signal.SIGTERM, self._handler)
