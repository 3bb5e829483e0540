"""The hybrid of a run: fitted with the evaluation fit, and once more, its gate frozen, on everything."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.none import NoAugmentation
from tasks.augmentation.shared_draws import SharedDraws
from tasks.config import RunConfig
from tasks.domain import Provenance, Training
from tasks.evaluation.methods import Method, Ranker
from tasks.hybrid.fit import FOLDS, FittedHybrid, Learned, folds_of
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.none import NoHybrid
from tasks.hybrid.scores import VirtualPart, base_of, scores_of
from tasks.method_names import BLEND, HYBRID
from tasks.recommenders import FittedRecommender
from tasks.splitting import user_ids
from tasks.stages.fit import Fitted, completion
from tasks.stages.prepare import Prepared

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Augmented:
    """What virtual behaviour is used by.

    Attributes:
        recommender: The run's recommender, on real + virtual rows.
        hybrid: The hybrid; None where the run has none.

    """

    recommender: FittedRecommender
    hybrid: FittedHybrid | None


def fit_hybrid(
    config: RunConfig, prepared: Prepared, fitted: Fitted, generator: ProfileGenerator
) -> FittedHybrid | None:
    """Fit the gate on half B; None where the run is to have no hybrid, or half B is too small for one.

    Args:
        config: The run's configuration.
        prepared: The evaluation fit's split and question.
        fitted: Recommenders on real behaviour.
        generator: Completes profiles, and is weighed itself.

    """
    if isinstance(config.hybrid, NoHybrid):
        return None
    training, population = prepared.ground.training, prepared.split.validation
    fold_of = folds_of(user_ids(population.users), population.fold)
    sources = scores_of(config.hybrid, training, fitted.weighed, virtual_part(config, training, generator))
    learned = Learned.of(sources, prepared.half_b, fold_of, config.hybrid.depth)
    if not _can_be_fitted(learned):
        logger.warning(
            "half B has too few users who took anything for a gate out of fold: this run goes without a hybrid, "
            "as with hybrid=none"
        )
        return None
    return FittedHybrid(learned, config.hybrid.ridge, training.n_items, fold_of)


def refit_hybrid(
    config: RunConfig,
    training: Training,
    fitted: Fitted,
    generator: ProfileGenerator,
    gate: Gate,
) -> Hybrid:
    """The scores fitted on other warm users, under a gate that was settled before."""
    virtual = virtual_part(config, training, generator)
    return Hybrid(training.n_items, scores_of(config.hybrid, training, fitted.weighed, virtual), gate)


def without_weight_left_out(hybrid: Hybrid) -> Hybrid:
    """The same ranking without scores that no number of events gives any weight: they need not be shipped."""
    gate = hybrid.gate
    kept = np.flatnonzero((gate.few > 0) | (gate.many > 0))
    names = tuple(gate.names[place] for place in kept)
    fewer = replace(gate, names=names, few=gate.few[kept], many=gate.many[kept])
    return replace(hybrid, sources=tuple(hybrid.sources[place] for place in kept), gate=fewer)


def virtual_part(config: RunConfig, training: Training, generator: ProfileGenerator) -> VirtualPart | None:
    """What the hybrid weighs of virtual behaviour, used as the run uses it; None without augmentation."""
    if isinstance(config.augmentation, NoAugmentation):
        return None
    rows, completed = config.augmentation.neighbours(generator, training, config.seed), None
    if rows is not None:
        blend = config.recommenders[f"{config.hybrid.completed}{BLEND}"]
        completed = base_of(blend.fit(training.with_virtual_rows(rows)))
    # The generator's own score and the profiles it completes ask for the same draws.
    shared = SharedDraws(generator)
    return VirtualPart(shared, completion(config, shared), config.seed, completed)


def with_hybrid(methods: Mapping[str, Method], hybrid: Ranker | None) -> dict[str, Method]:
    """The methods and, after them, the hybrid where there is one."""
    return {**methods} | ({} if hybrid is None else {HYBRID: Method(hybrid, role="ours")})


def records_of(hybrid: FittedHybrid | None) -> tuple[Provenance, ...]:
    """What everything saw that the hybrid weighs and that was fitted for it."""
    sources = () if hybrid is None else hybrid.whole.sources
    fitted = [source.fitted for source in sources if hasattr(source, "fitted")]
    return tuple(one.provenance for one in fitted)


def _can_be_fitted(learned: Learned) -> bool:
    """Whether users are left whichever fold is left out."""
    folds = learned.choices.fold
    return all(bool((folds != fold).any()) for fold in range(FOLDS))
