"""After the measurement: the same settings fitted on everything, because a shop needs its newest users in its model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasks.augmentation.generator import ProfileGenerator
from tasks.config import RunConfig
from tasks.runs import Run
from tasks.stages.fit import Fitted, fit_augmented, fit_real, train_generator
from tasks.stages.hybrid import Augmented, refit_hybrid, without_weight_left_out
from tasks.stages.ingest import Ingested
from tasks.stages.prepare import Prepared, ground_of_everything
from tasks.stages.ship import ship

if TYPE_CHECKING:
    from lightning_modules.progress import Shown

REFIT = "refit"
"""Name of the stage in the run's state."""


def best_epoch(history: Sequence[Mapping[str, float]], monitor: str) -> int:
    """Number of epochs, from 1, after which the monitored figure was highest; all where it was never measured."""
    scored = [record for record in history if monitor in record]
    if not scored:
        return len(history)
    return int(max(scored, key=lambda record: (record[monitor], -record["epoch"]))["epoch"]) + 1


def refit_stage(
    config: RunConfig,
    ingested: Ingested,
    prepared: Prepared,
    fitted: Fitted,
    augmented: Augmented,
    generator: ProfileGenerator,
    epochs: int,
    run: Run,
    shown: "Shown | None" = None,
) -> Path:
    """Write the run's ``model/``: fitted on everything, or the evaluation fit where ``refit=false``.

    Settings, epochs, gate and the popularity form are those that the evaluation fit settled; nothing is chosen here.

    Args:
        config: The run's configuration.
        ingested: The log.
        prepared: The evaluation fit's split and question.
        fitted: The evaluation fit's recommenders on real behaviour.
        augmented: Its recommender on real + virtual rows, and its hybrid.
        generator: Its generator.
        epochs: Epochs of the generator's training.
        run: Keeps the state of an interrupted refit.
        shown: Is told how far the generator's training is.

    Returns:
        The model folder.

    """
    folder = run.folder / "model"
    if run.stage_done(REFIT) is not None:
        return folder
    recommender = augmented.recommender
    hybrid = None if augmented.hybrid is None else augmented.hybrid.whole
    if config.refit:
        ground = ground_of_everything(ingested, prepared, config)
        checkpoints = run.stage_folder(REFIT)
        trained = train_generator(
            config, ground.training, prepared.question, ingested.clock, checkpoints, epochs=epochs, shown=shown
        )
        generator = trained.generator
        fitted = fit_real(config, ground.training, (), popularity=fitted.popularity)
        recommender = fit_augmented(config, ground.training, fitted, generator)
        if hybrid is not None:
            hybrid = refit_hybrid(config, ground.training, fitted, generator, hybrid.gate)
        fit: Literal["refit", "evaluation"] = "refit"
    else:
        ground, fit = prepared.ground, "evaluation"
    popularity = fitted.baselines[fitted.popularity]
    hybrid = None if hybrid is None else without_weight_left_out(hybrid)
    ship(folder, config, ingested, ground, recommender, popularity, generator, hybrid, fit)
    run.mark_done(REFIT)
    return folder
