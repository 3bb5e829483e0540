"""From a finished run to everything its report shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import polars as pl
import yaml

from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.none import NoAugmentation
from tasks.config import RunConfig
from tasks.domain import Population
from tasks.evaluation.evaluation import Evaluation
from tasks.evaluation.statistics import relative_gain
from tasks.features.identity import as_text
from tasks.features.items import titles_before
from tasks.inspection.gains import LENGTH, gains_of, labels_of_class, labels_of_number, over_shots
from tasks.method_names import GENERATOR, HYBRID, VIRTUAL
from tasks.model_format import ItemVocabulary
from tasks.reporting.labels import figure_label
from tasks.reporting.report.comparison import Gains
from tasks.reporting.report.content import Report, Results
from tasks.reporting.tables import Table
from tasks.runs import Run, code_state
from tasks.splitting import user_ids
from tasks.splitting.temporal import moment
from tasks.stages.fit import Fitted, monitored
from tasks.stages.hybrid import Augmented
from tasks.stages.ingest import Ingested
from tasks.stages.prepare import Prepared
from tasks.stages.report_examples import Methods, examples_of
from tasks.stages.report_facts import (
    choices_of,
    digests_of,
    log_facts,
    populations_of,
    run_facts,
    training_of,
    versions_of,
)
from tasks.stages.report_realism import realism_of
from tasks.stages.report_reasons import reasons_of

_FIGURES = (("ndcg", 10), ("hit_rate", 10))
_DECIDES = "ndcg_at_10"


@dataclass(frozen=True, slots=True)
class Asked:
    """The new users a report is about.

    Attributes:
        evaluation: Their figures.
        population: The users.
        name: What they are, in words.

    """

    evaluation: Evaluation
    population: Population
    name: str


def asked_of(prepared: Prepared, half_b: Evaluation, test: Evaluation | None) -> Asked:
    """Test users where they were looked at, else half B."""
    parts = prepared.split
    if test is not None:
        return Asked(test, parts.test, "test users")
    return Asked(half_b, parts.validation.select(parts.validation.half == 1), "validation users, half B")


def report_of(
    config: RunConfig,
    ingested: Ingested,
    prepared: Prepared,
    fitted: Fitted,
    augmented: Augmented,
    generator: ProfileGenerator,
    history: Sequence[Mapping[str, float]],
    asked: Asked,
    table: Table,
    run: Run,
    mlflow_run_id: str | None,
) -> Report:
    """Gather what the report shows; nothing is measured anew but generated users, explanations and a few lists."""
    question, dataset, recommender = prepared.question, config.names["dataset"], config.names["recommender"]
    augments = not isinstance(config.augmentation, NoAugmentation)
    titles = titles_of(ingested, prepared)
    quality, log, split = log_facts(ingested, prepared)
    pairs = comparisons(recommender, fitted.popularity, augments, asked.evaluation, question)
    parts = prepared.split
    half_b = parts.validation.select(parts.validation.half == 1)
    newest = parts.warm.histories.times
    ranked = Methods.of(config, fitted, augmented.recommender, generator)
    return Report(
        title=f"{dataset}: {config.names['network']}, {config.names['loss']}, seed {config.seed}",
        dataset=dataset,
        recommender=recommender,
        augments=augments,
        run=run_facts(config, run, mlflow_run_id, prepared, "refit" if config.refit else "evaluation"),
        choices=choices_of(config),
        digests=digests_of(config, ingested, run, code_state()),
        versions=versions_of(),
        configuration=yaml.safe_dump(dict(config.plain), sort_keys=False, allow_unicode=True),
        quality=quality,
        log=log,
        split=split,
        populations=populations_of(asked.evaluation, question, asked.name),
        results=Results(
            question=question,
            population=asked.name,
            cells=asked.evaluation.cells,
            methods=headline_methods(recommender, fitted.popularity, augments, asked.evaluation),
            table=table,
            findings=tuple(finding(asked.evaluation, question, *pair, seed=config.seed) for pair in pairs),
        ),
        training=training_of(history, monitored(config, question)),
        realism=realism_of(config, prepared, generator, titles),
        gains=tuple(gains_between(asked, question, *pair, ingested, config.seed) for pair in pairs),
        reasons=reasons_of(config, prepared, fitted, augmented.recommender, augmented.hybrid, generator, titles),
        examples=examples_of(ranked, prepared.half_b, half_b, ingested.log.roles, titles),
        newest=None if newest is None or not len(newest) else moment(int(newest.max())),
    )


def headline_methods(recommender: str, popularity: str, augments: bool, evaluation: Evaluation) -> tuple[str, ...]:
    """The lines of the headline figure, as far as they were measured: the rest stands in the table."""
    virtual = [f"{recommender}{VIRTUAL}"] if augments else []
    measured = set(evaluation.cells["method"])
    wanted = dict.fromkeys([popularity, recommender, *virtual, GENERATOR, HYBRID])
    return tuple(name for name in wanted if name in measured)


def comparisons(
    recommender: str, popularity: str, augments: bool, evaluation: Evaluation, question: str
) -> list[tuple[str, str]]:
    """Method and what it has to be better than: virtual behaviour than none, everything than popularity."""
    virtual = f"{recommender}{VIRTUAL}"
    wanted = [(virtual, recommender), (virtual, popularity)] if augments else [(recommender, popularity)]
    measured = set(evaluation.per_user.filter(pl.col("question") == question)["method"])
    return [(ours, reference) for ours, reference in [*wanted, (HYBRID, popularity)] if {ours, reference} <= measured]


def titles_of(ingested: Ingested, prepared: Prepared) -> list[str]:
    """A title per item of the catalogue; the shop's id where an item has none."""
    warm, catalogue = prepared.ground.training.warm, prepared.ground.catalogue
    ids = as_text(ItemVocabulary.of(ingested.log, catalogue).ids).to_list()
    titles = titles_before(ingested.log, catalogue, warm.now, warm.histories.users)
    named = [None] * len(ids) if titles is None else titles.to_list()
    return [title or f"item {key}" for title, key in zip(named, ids, strict=True)]


def finding(evaluation: Evaluation, question: str, ours: str, reference: str, seed: int) -> str:
    """One sentence per comparison: means over users and numbers of shots from 1 on, the gain and its interval."""
    parts = []
    for metric, k in _FIGURES:
        column = f"{metric}_at_{k}"
        one, other = (_by_shots(evaluation, question, name, column) for name in (ours, reference))
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = relative_gain(one, other, seed=seed)
        label = figure_label(metric, k)
        if not isfinite(gain.value):
            parts.append(f"{label} cannot be compared")
            continue
        word = "higher" if gain.low > 0 else "lower" if gain.high < 0 else "no clear difference"
        parts.append(f"{label} {gain.value:+.1%} (95 % interval {gain.low:+.1%} to {gain.high:+.1%}): {word}")
    return f"{ours} against {reference}: " + "; ".join(parts) + "."


def _by_shots(evaluation: Evaluation, question: str, method: str, column: str) -> np.ndarray:
    """A figure per user and number of shots from 1 on, float64 (U, S), nan where there is none; users by number."""
    rows = evaluation.per_user.filter((pl.col("question") == question) & (pl.col("method") == method))
    if (rows["shots"] != "0").any():
        rows = rows.filter(pl.col("shots") != "0")
    wide = rows.pivot("shots", index="user", values=column).sort("user").drop("user")
    return wide.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def gains_between(asked: Asked, question: str, ours: str, reference: str, ingested: Ingested, seed: int) -> Gains:
    """Who gains by one method against another: by length of profile, by class and by number."""
    rows = asked.evaluation.per_user.filter(pl.col("question") == question)
    # Ranges of numbers are those of the users who were asked, not of all who are new.
    population = asked.population.select(np.isin(user_ids(asked.population.users), rows["user"].to_numpy()))
    ids, roles = user_ids(population.users), ingested.log.roles
    groups = {LENGTH: labels_of_number(population.histories.rows.lengths)}
    for column in roles.user_categories:
        groups[column] = labels_of_class(population.users.get_column(column))
    for column in roles.user_numbers:
        groups[column] = labels_of_number(population.users.get_column(column))
    figures = [(name, over_shots(rows, name, _DECIDES, ids)) for name in (ours, reference)]
    return gains_of(figures[0], figures[1], groups, figure_label("ndcg", 10), seed=seed)
