"""Fits: baselines, the recommender on real and on real + virtual behaviour, and the generator between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.augmentation.generator import ProfileGenerator
from tasks.config import RunConfig
from tasks.domain import NewUsers, Posed, Training, VirtualBehaviour
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.generator_ranker import GeneratorRanker
from tasks.evaluation.methods import Method
from tasks.evaluation.metrics import ItemPopularity
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.zero_shots import PopularityAtZeroShots, select_popularity
from tasks.method_names import VIRTUAL
from tasks.recommenders import FittedRecommender
from tasks.recommenders.fits import Fits
from tasks.recommenders.popularity import FittedPopularity, Popularity
from tasks.training.clock import Clock
from tasks.training.train import TrainingResult, train

if TYPE_CHECKING:
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers import Logger

    from lightning_modules.progress import Shown
    from tasks.training.extension import Earlier
    from tasks.training.trained_generator import TrainedGenerator

GENERATOR_DRAWS = 4
"""Draws whose mean ranks items when the generator recommends by itself."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Recommenders on real behaviour.

    Attributes:
        baselines: By name; popularity forms among them.
        recommender: The run's recommender.
        popularity: Name of the popularity form that serves users without any behaviour.
        weighed: By name; what the hybrid weighs, as far as it is fitted on real behaviour.

    """

    baselines: Mapping[str, FittedRecommender]
    recommender: FittedRecommender
    popularity: str
    weighed: Mapping[str, FittedRecommender] = field(default_factory=dict)


def fit_real(config: RunConfig, training: Training, tuning: Sequence[Posed], popularity: str | None = None) -> Fitted:
    """Fit baselines, recommender and what the hybrid weighs on real behaviour, equal settings once.

    Args:
        config: The run's configuration.
        training: Warm users.
        tuning: Half A, which chooses the popularity form for users without any behaviour.
        popularity: The form, where it was chosen before (the refit).

    """
    fits = Fits(training)
    baselines = {name: fits.fit(config.recommenders[name]) for name in config.baselines}
    forms = {name: fitted for name, fitted in baselines.items() if isinstance(fitted, FittedPopularity)}
    if not forms:
        forms = {"popularity": fits.fit(Popularity())}
    chosen = popularity or select_popularity(forms, tuning, seed=config.seed)
    if chosen not in baselines:
        baselines[chosen] = forms[chosen]
    weighed = {name: fits.fit(config.recommenders[name]) for name in config.hybrid.needs}
    return Fitted(baselines, fits.fit(config.recommender), chosen, weighed)


def fit_augmented(
    config: RunConfig, training: Training, fitted: Fitted, generator: ProfileGenerator
) -> FittedRecommender:
    """The recommender on real + virtual rows; the same object as on real rows where no virtual user is added."""
    rows = config.augmentation.neighbours(generator, training, config.seed)
    if rows is None:
        return fitted.recommender
    return config.recommender.fit(training.with_virtual_rows(rows))


def completion(config: RunConfig, generator: ProfileGenerator) -> Callable[[NewUsers], VirtualBehaviour | None]:
    """Where the virtual behaviour of new users comes from."""
    return lambda users: config.augmentation.complete(generator, users, config.seed)


def methods_of(
    config: RunConfig, fitted: Fitted, augmented: FittedRecommender, generator: ProfileGenerator
) -> dict[str, Method]:
    """The rows of the comparison: baselines, the recommender, the same on real + virtual, the generator alone."""
    name = config.names["recommender"]
    popularity = fitted.baselines[fitted.popularity]
    methods = {
        baseline: Method(one if one.serves_without_events else PopularityAtZeroShots(one, popularity))
        for baseline, one in fitted.baselines.items()
    }
    methods[name] = Method(PopularityAtZeroShots(fitted.recommender, popularity))
    virtual = Method(PopularityAtZeroShots(augmented, popularity), completion(config, generator), role="ours")
    methods[f"{name}{VIRTUAL}"] = virtual
    methods["generator"] = Method(GeneratorRanker(generator, GENERATOR_DRAWS, config.seed), role="ours")
    return methods


def monitored(config: RunConfig, question: str) -> str:
    """The figure that chooses the checkpoint and that sweeps maximise; half A only."""
    return f"val_a/{question}/{config.names['recommender']}{VIRTUAL}/ndcg_at_10/mean"


def train_generator(
    config: RunConfig,
    training: Training,
    question: str,
    clock: Clock,
    folder: Path,
    *,
    fitted: Fitted | None = None,
    tuning: Sequence[Posed] = (),
    epochs: int | None = None,
    loggers: "Sequence[Logger]" = (),
    callbacks: "Sequence[Callback]" = (),
    shown: "Shown | None" = None,
    earlier: "Earlier | None" = None,
) -> TrainingResult:
    """Train the generator; with tuning users the best checkpoint is the one whose virtual behaviour serves them best.

    Args:
        config: The run's configuration.
        training: Warm users with episodes.
        question: What is asked of the model.
        clock: How times become a calendar.
        folder: Where checkpoints go; an interrupted training goes on from there.
        fitted: The recommender on real behaviour, needed with ``tuning``.
        tuning: Half A; empty for the refit, which trains for a fixed number of epochs.
        epochs: Number of epochs in place of the configured one.
        loggers: Lightning loggers.
        callbacks: Lightning callbacks.
        shown: Is told how far the training is.
        earlier: The generator that this one goes on from (a refresh); None begins with fresh weights.

    """
    trainer: Any = config.trainer if epochs is None else replace(config.trainer, max_epochs=epochs)
    score = None
    if tuning and fitted is not None:
        score = _score(config, training, fitted, tuning, monitored(config, question))
    return train(
        training,
        network=config.network,
        loss=config.loss,
        trainer=trainer,
        name=config.names["network"],
        seed=config.seed,
        clock=clock,
        folder=folder,
        validation=tuning,
        score=score,
        monitor=monitored(config, question) if score else "",
        loggers=loggers,
        callbacks=callbacks,
        shown=shown,
        earlier=earlier,
    )


def _score(
    config: RunConfig, training: Training, fitted: Fitted, tuning: Sequence[Posed], monitor: str
) -> "Callable[[TrainedGenerator], dict[str, float]]":
    popularity = ItemPopularity.of(training.warm.matrix())
    name = f"{config.names['recommender']}{VIRTUAL}"
    known = [posed for posed in tuning if posed.shots != 0]

    def score(generator: "TrainedGenerator") -> dict[str, float]:
        augmented = fit_augmented(config, training, fitted, generator)
        method = methods_of(config, fitted, augmented, generator)[name]
        evaluation = evaluate(
            {name: method}, known, {"ndcg": Ndcg()}, ks=(10,), popularity=popularity, seed=config.seed, resamples=0
        )
        return {monitor: evaluation.summary()[monitor.removeprefix("val_a/")]}

    return score
