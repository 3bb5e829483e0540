"""The measurement: every method on the questions posed to new users, and the record that nothing leaked."""

from collections.abc import Mapping, Sequence

from tasks.config import RunConfig, load_component
from tasks.domain import Posed, Provenance
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.evaluation import Evaluation
from tasks.evaluation.methods import Method
from tasks.evaluation.metrics import ItemPopularity, Metric
from tasks.overrides import choices
from tasks.splitting import check_gate, check_provenance
from tasks.stages.fit import Fitted
from tasks.stages.hybrid import Augmented, records_of
from tasks.stages.prepare import Prepared
from tasks.training.trained_generator import TrainedGenerator

SHOWN = ("hit_rate", "ndcg")
"""Metrics that the table and the figures are about."""


def measure(config: RunConfig, prepared: Prepared, methods: Mapping[str, Method], posed: Sequence[Posed]) -> Evaluation:
    """All configured metrics of all methods, with intervals over users."""
    return evaluate(
        methods,
        posed,
        metrics_of(config),
        popularity=ItemPopularity.of(prepared.ground.training.warm.matrix()),
        seed=config.seed,
    )


def metrics_of(config: RunConfig) -> dict[str, Metric]:
    """The configured metrics by name; all of conf/metric where none is named, and always those that are shown."""
    names = choices("metric") if config.metrics is None else (*SHOWN, *config.metrics)
    return {name: load_component("metric", name) for name in dict.fromkeys(names)}


def check_nothing_leaked(
    prepared: Prepared, fitted: Fitted, augmented: Augmented, generator: TrainedGenerator
) -> tuple[Provenance, ...]:
    """Every artefact of the evaluation fit saw warm users before the first cut, and nothing else; the gate half B.

    Returns:
        What each artefact saw, to be kept beside the figures.

    Raises:
        LeakageError: Naming the artefact.

    """
    ground = prepared.ground
    records = (
        *(baseline.provenance for baseline in fitted.baselines.values()),
        fitted.recommender.provenance,
        augmented.recommender.provenance,
        *(weighed.provenance for weighed in fitted.weighed.values()),
        *records_of(augmented.hybrid),
        generator.provenance,
        ground.users.provenance,
        ground.items.provenance,
    )
    check_provenance(records, prepared.split, ground.training.episodes)
    distinct = tuple(dict.fromkeys(records))
    return distinct if augmented.hybrid is None else (*distinct, check_gate(prepared.half_b, prepared.split))
