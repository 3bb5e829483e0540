"""Trains a generator on warm users."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.domain import Posed, Provenance, Training
from tasks.errors import DataError, TrainingError
from tasks.training.clock import Clock

if TYPE_CHECKING:
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers import Logger

    from lightning_modules.networks.base import Generator
    from lightning_modules.progress import Shown
    from lightning_modules.trainer_settings import TrainerSettings
    from tasks.training.extension import Earlier
    from tasks.training.trained_generator import TrainedGenerator


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What training left.

    Attributes:
        generator: The best generator.
        last: Checkpoint of the last epoch.
        best: Checkpoint of the best epoch.
        history: Figures per epoch, oldest first; ``epoch`` is among them.

    """

    generator: "TrainedGenerator"
    last: Path
    best: Path
    history: tuple[dict[str, float], ...]


def train(
    training: Training,
    *,
    network: Any,
    loss: Any,
    trainer: "TrainerSettings",
    name: str,
    seed: int,
    clock: Clock,
    folder: Path,
    validation: Sequence[Posed] = (),
    score: "Callable[[TrainedGenerator], dict[str, float]] | None" = None,
    monitor: str = "",
    loggers: "Sequence[Logger]" = (),
    callbacks: "Sequence[Callback]" = (),
    shown: "Shown | None" = None,
    resume: bool = True,
    earlier: "Earlier | None" = None,
) -> TrainingResult:
    """Trains a generator; on a CPU the result is a function of the arguments, also after a kill and a resume.

    Args:
        training: Warm users with their episodes.
        network: Settings of the networks, a component of conf/network.
        loss: The adversarial loss, a component of conf/loss.
        trainer: Length, batches and device, a component of conf/trainer.
        name: The network's name; marks the virtual behaviour.
        seed: Seeds item vectors, weights, order and noise.
        clock: How times become a calendar.
        folder: Where checkpoints go.
        validation: Half A's users for the tripwires, at several numbers of shots.
        score: Figures of a generator by which the best epoch is chosen, names as they are logged.
        monitor: The figure that chooses, larger is better.
        loggers: Lightning loggers, called once per epoch.
        callbacks: Further Lightning callbacks.
        shown: Is told how far the training is.
        resume: Whether to go on from the folder's last checkpoint.
        earlier: The generator that this one goes on from; None begins with fresh weights.

    Raises:
        DataError: If there are no episodes.
        TrainingError: If a loss stops being finite, or a checkpoint does not fit.

    """
    from lightning_modules.errors import DivergedError
    from lightning_modules.fit import fit_generator
    from tasks.training.catalogue import catalogue_of
    from tasks.training.episodes import episodes_of
    from tasks.training.extension import extended
    from tasks.training.trained_generator import TrainedGenerator

    if not any(posed.targets.nnz for posed in training.episodes):
        raise DataError(
            "no warm user gives an episode (events to show, and later ones to find): move split.first_cut later, "
            "lower split.burn_in_days, or choose another question"
        )
    catalogue = catalogue_of(training, network.item_dimensions, seed, clock, network.side_features)
    continuation = None
    if earlier is not None:
        catalogue, continuation = extended(catalogue, earlier)
    histories = training.warm.histories
    provenance = Provenance.of("generator", histories.users, histories.times)

    def wrapped(module: "Generator") -> TrainedGenerator:
        return TrainedGenerator(name, network, catalogue, clock, trainer.window, provenance, module)

    held_out = [posed for posed in validation if posed.targets.nnz]
    try:
        result = fit_generator(
            episodes_of(training.episodes, catalogue, clock),
            episodes_of(held_out, catalogue, clock) if held_out else None,
            catalogue,
            network,
            loss,
            trainer,
            seed=seed,
            folder=folder,
            score=None if score is None else lambda module: score(wrapped(module)),
            monitor=monitor,
            loggers=loggers,
            callbacks=callbacks,
            shown=shown,
            resume=resume,
            earlier=continuation,
        )
    except DivergedError as error:
        raise TrainingError(str(error)) from error
    return TrainingResult(wrapped(result.generator), result.last, result.best, result.history)
