"""A fit that goes on from the champion: its settings, gate and generator, under a catalogue that has grown."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tasks.augmentation.none import NoAugmentation
from tasks.config import RunConfig
from tasks.domain import Column, Posed, Training
from tasks.errors import ModelError
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.scores import scores_of
from tasks.refresh.champion import Champion
from tasks.refresh.ground import Collected, rows_in, with_judges_only
from tasks.refresh.settings import RefreshSettings
from tasks.stages.fit import Fitted, fit_augmented, fit_real, train_generator
from tasks.stages.hybrid import virtual_part
from tasks.stages.prepare import Ground
from tasks.stages.ship import ship
from tasks.training.extension import Earlier
from tasks.training.trained_generator import TrainedGenerator

if TYPE_CHECKING:
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers import Logger

    from lightning_modules.progress import Shown

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watching:
    """Who looks on while a generator is trained.

    Attributes:
        loggers: Lightning loggers.
        shown: Is told how far the training is.

    """

    loggers: "Sequence[Logger]" = ()
    shown: "Shown | None" = None


def fit_and_ship(
    folder: Path,
    checkpoints: Path,
    collected: Collected,
    ground: Ground,
    champion: Champion,
    settings: RefreshSettings,
    fit: Literal["refit", "evaluation"],
    epochs: int,
    watching: Watching,
) -> int:
    """Fit the champion's settings on this ground, its generator going on, and write a model.

    The gate and the form of popularity are the champion's: nothing is chosen here. A training from the beginning
    chooses them anew.

    Args:
        folder: The model's.
        checkpoints: Where an interrupted training goes on from.
        collected: The log.
        ground: What is fitted on.
        champion: What the generator goes on from.
        settings: Replay, and the time a training may take.
        fit: What the model says of itself.
        epochs: Epochs at most.
        watching: Who looks on.

    Returns:
        Epochs that the generator was trained for, 0 where there is none.

    """
    config = _lean(champion)
    training = ground.training
    fitted = fit_real(config, training, (), popularity=champion.popularity)
    generator, done = None, 0
    recommender = fitted.recommender
    if not isinstance(config.augmentation, NoAugmentation):
        ids = collected.ingested.log.items[Column.ITEM_ID][ground.catalogue.tolist()]
        rows = rows_in(champion.model, ids)
        logger.info("%d items, of which %d are new to the champion", len(rows), int((rows < 0).sum()))
        earlier = champion.model.generator
        assert isinstance(earlier, TrainedGenerator)
        trained = train_generator(
            config,
            replace(training, episodes=replayed(training, collected.period.watermark, settings.replay, config.seed)),
            collected.ingested.question,
            collected.ingested.clock,
            checkpoints,
            epochs=epochs,
            loggers=watching.loggers,
            callbacks=budget(settings.minutes),
            shown=watching.shown,
            earlier=Earlier(earlier, rows),
        )
        generator, done = trained.generator, len(trained.history)
        recommender = fit_augmented(config, training, fitted, generator)
    hybrid = _hybrid(config, training, fitted, generator, champion)
    popularity = fitted.baselines[fitted.popularity]
    ship(folder, config, collected.ingested, ground, recommender, popularity, generator, hybrid, fit)
    return done


def replayed(training: Training, watermark: int, replay: float, seed: int) -> tuple[Posed, ...]:
    """Episodes of users with something new, and of as many others that these are ``replay`` of all.

    Args:
        training: Warm users with episodes.
        watermark: Newest event that the champion saw, microseconds.
        replay: Share of users with nothing new, in [0, 1).
        seed: Seeds the draw.

    """
    histories = training.warm.histories
    if histories.times is None:
        return training.episodes
    new = np.bincount(histories.rows.row_of_entry[histories.times > watermark], minlength=histories.rows.rows) > 0
    old = np.flatnonzero(training.warm.gives_episodes & ~new)
    fresh = int((training.warm.gives_episodes & new).sum())
    # Without anything new to teach, all that is known is.
    count = round(fresh * replay / (1 - replay)) if fresh else len(old)
    drawn = np.random.default_rng(seed).permutation(old)[: min(count, len(old))]
    chosen = new.copy()
    chosen[drawn] = True
    logger.info("the generator learns from %d users with something new and replays %d others", fresh, len(drawn))
    return tuple(with_judges_only(posed, chosen[posed.population]) for posed in training.episodes)


def _lean(champion: Champion) -> RunConfig:
    """The champion's settings without baselines, which are measured and not shipped."""
    known = champion.popularity in champion.config.recommenders
    return champion.config.model_copy(update={"baselines": (champion.popularity,) if known else ()})


def budget(minutes: float | None) -> "Sequence[Callback]":
    """What ends a training after the epoch in which its time is over; None for no limit."""
    if minutes is None:
        return ()
    from pytorch_lightning.callbacks import Timer

    return (Timer(timedelta(minutes=minutes), interval="epoch", verbose=False),)


def _hybrid(config: RunConfig, training: Training, fitted: Fitted, generator: Any, champion: Champion) -> Hybrid | None:
    """The champion's gate over scores that are fitted anew; the champion keeps those that weigh something."""
    earlier = champion.model.hybrid
    if earlier is None:
        return None
    virtual = None if generator is None else virtual_part(config, training, generator)
    sources = {source.name: source for source in scores_of(config.hybrid, training, fitted.weighed, virtual)}
    missing = [name for name in earlier.gate.names if name not in sources]
    if missing:
        raise ModelError(
            f"{champion.reference}: its hybrid weighs {', '.join(missing)}, which its settings do not fit any more; "
            "train from the beginning (python -m flows.train … register=true)"
        )
    return Hybrid(training.n_items, tuple(sources[name] for name in earlier.gate.names), earlier.gate)
