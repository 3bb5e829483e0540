"""One function that trains a generator, from episodes to checkpoints."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from lightning_modules.build import build
from lightning_modules.callbacks import EpochEnd, Score, ValidationScore
from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Episodes, EpisodeTensors
from lightning_modules.continuation import Continuation, carry_over
from lightning_modules.epoch_plan import EpochPlan
from lightning_modules.losses.base import GanLoss
from lightning_modules.networks.base import Generator, Network
from lightning_modules.noise import derived_seed
from lightning_modules.profile_gan import ProfileGan
from lightning_modules.progress import Shown, SignalsStay, TrainingProgress
from lightning_modules.trainer_settings import TrainerSettings
from lightning_modules.tripwires import Tripwires, sum_up_alarms

logger = logging.getLogger(__name__)

_TRIPWIRES = 4


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a training left.

    Attributes:
        last: Checkpoint of the last epoch.
        best: Checkpoint of the best scored epoch.
        history: Figures per epoch, oldest first; ``epoch`` is among them.
        generator: The averaged generator of the best epoch, in evaluation mode, on the CPU.

    """

    last: Path
    best: Path
    history: tuple[dict[str, float], ...]
    generator: Generator


def fit_generator(
    episodes: Episodes,
    validation: Episodes | None,
    catalogue: Catalogue,
    network: Network,
    loss: GanLoss,
    settings: TrainerSettings,
    *,
    seed: int,
    folder: Path,
    score: Score | None = None,
    monitor: str = "",
    loggers: Sequence[Logger] = (),
    callbacks: Sequence[Callback] = (),
    shown: Shown | None = None,
    resume: bool = True,
    earlier: Continuation | None = None,
) -> FitResult:
    """Trains a generator and keeps the last and the best checkpoint.

    On a CPU the weights are a function of the arguments, also after a kill and a resume.

    Args:
        episodes: What warm users show.
        validation: Episodes of held-out users for the tripwires, or None.
        catalogue: The items.
        network: Settings of generator and critic.
        loss: The adversarial loss.
        settings: Length, batches and device.
        seed: Seeds weights, order and noise.
        folder: Where checkpoints go; made if missing.
        score: Figures of a generator, for choosing the best checkpoint; None keeps the last.
        monitor: Which of them chooses, larger is better.
        loggers: Lightning loggers; receive the figures once per epoch.
        callbacks: Further Lightning callbacks.
        shown: Is told how far the training is.
        resume: Whether to go on from ``last.ckpt`` in the folder.
        earlier: The generator whose weights this one begins with; None begins with fresh ones. The critic, which no
            model keeps, is fresh either way.

    Raises:
        DivergedError: If a loss is not finite.
        ValueError: If there are no episodes, or they do not fit the catalogue.

    """
    if episodes.n_items != catalogue.n_items:
        raise ValueError(f"episodes have {episodes.n_items} items, the catalogue {catalogue.n_items}")
    folder.mkdir(parents=True, exist_ok=True)
    module = _module(episodes, catalogue, network, loss, settings, seed, earlier)
    device = _device(settings) if settings.data_on_device else torch.device("cpu")
    module.episodes = EpisodeTensors(episodes, device, window=settings.window)
    held_out = None if validation is None else EpisodeTensors(validation, device, window=settings.window)
    popularity = np.exp(catalogue.log_popularity.astype(np.float64))
    watch = Tripwires(
        module.episodes, held_out, popularity, users=settings.tripwire_users, seed=derived_seed(seed, _TRIPWIRES)
    )
    scoring = None if score is None else ValidationScore(score, monitor, settings.validate_every)
    end = EpochEnd(folder, loggers, watch, scoring)
    with _quiet():
        own = [SignalsStay(), *([TrainingProgress(shown)] if shown else []), end]
        trainer = _trainer(settings, [*callbacks, *own], folder)
        checkpoint = end.last_path if resume and end.last_path.exists() else None
        if checkpoint is not None:
            logger.info("going on from %s", checkpoint)
        trainer.fit(module, train_dataloaders=range(module.calls), ckpt_path=checkpoint, weights_only=True)
    sum_up_alarms(end.history)
    return FitResult(
        end.last_path, end.best_path, tuple(end.history), load_generator(end.best_path, network, catalogue)
    )


def load_generator(checkpoint: Path, network: Network, catalogue: Catalogue) -> Generator:
    """The averaged generator of a checkpoint, in evaluation mode, on the CPU; executes nothing from the file."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    generator, _ = build(network, catalogue, seed=0)
    prefix = "average."
    generator.load_state_dict({name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)})
    generator.requires_grad_(False).eval().settle()
    return generator


def _module(
    episodes: Episodes,
    catalogue: Catalogue,
    network: Network,
    loss: GanLoss,
    settings: TrainerSettings,
    seed: int,
    earlier: Continuation | None,
) -> ProfileGan:
    """The module with fresh weights, or those of an earlier generator."""
    plan = EpochPlan(episodes.group, batch_size=settings.batch_size, min_steps=settings.min_steps, seed=seed)
    generator, critic = build(network, catalogue, seed)
    if earlier is not None:
        carry_over(generator, network, catalogue, earlier)
    return ProfileGan(generator, critic, loss, network.objective, plan, inner_steps=settings.inner_steps, seed=seed)


def _device(settings: TrainerSettings) -> torch.device:
    if settings.accelerator in ("gpu", "cuda") or (settings.accelerator == "auto" and torch.cuda.is_available()):
        return torch.device("cuda", 0)
    return torch.device("cpu")


def _trainer(settings: TrainerSettings, callbacks: list[Callback], folder: Path) -> pl.Trainer:
    """A bare trainer: what Lightning does per step by default costs more than a small step itself."""
    return pl.Trainer(
        max_epochs=settings.max_epochs,
        accelerator=settings.accelerator,
        devices=settings.devices,
        precision=settings.precision,
        callbacks=callbacks,
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences by name what Lightning says about choices that are made on purpose here."""
    talkers = [
        logging.getLogger("pytorch_lightning.utilities.rank_zero"),
        logging.getLogger("pytorch_lightning.accelerators.cuda"),
    ]
    levels = [talker.level for talker in talkers]
    for talker in talkers:
        talker.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for message in (
            ".*does not have many workers.*",
            ".*`training_step` returned `None`.*",
            ".*Checkpoint directory .* exists and is not empty.*",
            ".*number of training batches .* is smaller than the logging interval.*",
            ".*no `val_dataloader`.*",
            ".*module\\(s\\) in eval mode at the start of training.*",  # the moving average is one
            ".*isinstance\\(treespec, LeafSpec\\).*",  # Lightning against a newer torch
            ".*GPU available but not used.*",
        ):
            warnings.filterwarnings("ignore", message=message)
        try:
            yield
        finally:
            for talker, level in zip(talkers, levels, strict=True):
                talker.setLevel(level)
