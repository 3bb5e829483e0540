"""The stages of the evaluation fit, each of which a resumed run need not do again."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.config import RunConfig
from tasks.evaluation.evaluation import Evaluation
from tasks.hybrid.storage import described
from tasks.method_names import HYBRID, VIRTUAL
from tasks.runs import CodeState, Run
from tasks.runs.files import write_json
from tasks.stages.fit import Fitted, fit_augmented, fit_real, methods_of, monitored, train_generator
from tasks.stages.hybrid import Augmented, fit_hybrid, with_hybrid
from tasks.stages.ingest import Ingested
from tasks.stages.looks import write_down
from tasks.stages.measure import check_nothing_leaked, measure
from tasks.stages.prepare import Prepared
from tasks.stages.refit import best_epoch
from tasks.stages.report import Measured, write_history, write_provenance
from tasks.stages.tracked_figures import figures_by_shots, judged_by, kept_figures
from tasks.tracking import TrackedRun
from tasks.training.epoch_reports import EpochReport, epoch_reporter
from tasks.training.train import TrainingResult

if TYPE_CHECKING:
    from lightning_modules.progress import Shown

logger = logging.getLogger(__name__)

TRAIN, EVALUATE = "train", "evaluate"
"""Names of stages in the run's state."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What the evaluation fit is made of.

    Attributes:
        fitted: Recommenders on real behaviour.
        result: The generator and its history.
        epochs: Epochs after which it served the tuning users best.

    """

    fitted: Fitted
    result: TrainingResult
    epochs: int


def train_stage(
    config: RunConfig,
    ingested: Ingested,
    prepared: Prepared,
    run: Run,
    tracked: TrackedRun,
    on_epoch: EpochReport | None = None,
    shown: "Shown | None" = None,
) -> Trained:
    """Fit the recommenders on real behaviour and train the generator, from its last epoch on if interrupted.

    Args:
        config: The run's configuration.
        ingested: The log.
        prepared: Split and questions.
        run: Keeps checkpoints.
        tracked: Is logged to after every epoch.
        on_epoch: Told the figure of each scored epoch on half A.
        shown: Shown how far the training is.

    """
    training = prepared.ground.training
    fitted = fit_real(config, training, prepared.half_a)
    monitor = monitored(config, prepared.question)
    loggers = [tracked.epoch_logger(), epoch_reporter(monitor, on_epoch) if on_epoch else None]
    result = train_generator(
        config,
        training,
        prepared.question,
        ingested.clock,
        run.stage_folder(TRAIN),
        fitted=fitted,
        tuning=prepared.half_a,
        loggers=[one for one in loggers if one is not None],
        shown=shown,
    )
    epochs = best_epoch(result.history, monitor)
    run.mark_done(TRAIN, {"epochs": epochs})
    logger.info("the generator served tuning users best after %d of %d epochs", epochs, len(result.history))
    return Trained(fitted, result, epochs)


def augment_stage(config: RunConfig, prepared: Prepared, trained: Trained, run: Run) -> Augmented:
    """The recommender on real + virtual rows, the hybrid, and the assertion that nothing leaked into any artefact."""
    generator = trained.result.generator
    recommender = fit_augmented(config, prepared.ground.training, trained.fitted, generator)
    hybrid = fit_hybrid(config, prepared, trained.fitted, generator)
    augmented = Augmented(recommender, hybrid)
    folder = run.folder / "evaluation"
    folder.mkdir(exist_ok=True)
    write_provenance(folder, check_nothing_leaked(prepared, trained.fitted, augmented, generator))
    if hybrid is not None:
        write_json(folder / "gate.json", described(hybrid.whole.gate))
    return augmented


def evaluate_stage(
    config: RunConfig,
    prepared: Prepared,
    trained: Trained,
    augmented: Augmented,
    run: Run,
    tracked: TrackedRun,
    code: CodeState,
) -> Measured:
    """Measure every method on the validation users, and on the test users where the run is to look at them."""
    folder = run.folder / "evaluation"
    if run.stage_done(EVALUATE) is not None:
        test = Evaluation.load(folder / "test") if prepared.test else None
        return Measured(Evaluation.load(folder / "val_a"), Evaluation.load(folder / "val"), test)
    logger.info("evaluating on %d validation users of half B", len(prepared.half_b[0].users))
    methods = methods_of(config, trained.fitted, augmented.recommender, trained.result.generator)
    # The gate was fitted on half B: it answers there out of fold, and whole elsewhere.
    hybrid = augmented.hybrid
    everywhere = with_hybrid(methods, None if hybrid is None else hybrid.whole)
    out_of_fold = with_hybrid(methods, None if hybrid is None else hybrid.crossed)
    if prepared.test:
        write_down(run.id, code, "evaluate=test")
    measured = Measured(
        half_a=measure(config, prepared, everywhere, prepared.half_a),
        half_b=measure(config, prepared, out_of_fold, prepared.half_b),
        test=measure(config, prepared, everywhere, prepared.test) if prepared.test else None,
    )
    measured.half_a.save(folder / "val_a")
    measured.half_b.save(folder / "val")
    if measured.test is not None:
        measured.test.save(folder / "test")
    trained.result.generator.save(folder / "generator")
    write_history(folder, trained.result.history)
    shipped = HYBRID if HYBRID in everywhere else f"{config.names['recommender']}{VIRTUAL}"
    kept = kept_figures(measured.parts, shipped)
    tracked.log_metrics(kept)
    tracked.offer_view(judged_by(kept))
    for shots, figures in figures_by_shots(measured.parts).items():
        tracked.log_metrics(figures, step=shots)
    run.mark_done(EVALUATE)
    return measured
