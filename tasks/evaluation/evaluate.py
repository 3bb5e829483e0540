"""All methods on all posed questions: lists once per method and question, every figure from them."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from tasks.domain import Posed
from tasks.evaluation.cells import Answered, cells_of
from tasks.evaluation.evaluation import CELLS_SCHEMA, POPULATIONS_SCHEMA, Evaluation
from tasks.evaluation.judge import Outcome, judge
from tasks.evaluation.methods import Method, check_names
from tasks.evaluation.metrics import ItemPopularity, Metric

logger = logging.getLogger(__name__)


def evaluate(
    methods: Mapping[str, Method],
    posed: Sequence[Posed],
    metrics: Mapping[str, Metric],
    ks: Sequence[int] = (5, 10, 20),
    *,
    popularity: ItemPopularity,
    seed: int = 0,
    resamples: int = 1000,
) -> Evaluation:
    """Evaluate methods on posed questions by full ranking.

    Args:
        methods: Methods by name; names hold a–z, 0–9 and _ only.
        posed: One entry per question and number of shots, all over one catalogue.
        metrics: Metrics by name.
        ks: Cuts, each at least 1.
        popularity: Of the catalogue's items among warm users.
        seed: Seeds the order of ties and the bootstrap.
        resamples: Resamples behind each interval; 0 for no intervals.

    Raises:
        ValueError: A method's name is not legal, there is nothing to evaluate, a cut is below 1, or a question
            gives repeats for some numbers of shots only.

    """
    check_names(methods)
    if not methods or not posed or not ks or min(ks) < 1:
        raise ValueError(
            f"expected methods, questions and cuts from 1 on, got {len(methods)}, {len(posed)} and ks={tuple(ks)}"
        )
    per_user, rows, populations = [], [], []
    for question in dict.fromkeys(one.question for one in posed):
        asked = [one for one in posed if one.question == question]
        if len({one.repeats is None for one in asked}) > 1:
            raise ValueError(f"{question}: repeats must be given for every number of shots, or for none")
        answered = []
        for one in asked:
            outcomes = _answer(methods, one, metrics, ks, popularity, seed)
            answered.append(Answered(one, outcomes))
            per_user += [_frame(one, name, outcome) for name, outcome in outcomes.items()]
            populations.append(_population(one))
            logger.debug("%s, %s: %d users, %d methods", question, one.shots_name, len(one.users), len(methods))
        rows += cells_of(answered, {name: method.role for name, method in methods.items()}, resamples, seed)
    return Evaluation(
        per_user=pl.concat(per_user, how="diagonal"),
        cells=pl.DataFrame(rows, schema=CELLS_SCHEMA, orient="row"),
        populations=pl.DataFrame(populations, schema=POPULATIONS_SCHEMA, orient="row"),
    )


def _answer(
    methods: Mapping[str, Method],
    posed: Posed,
    metrics: Mapping[str, Metric],
    ks: Sequence[int],
    popularity: ItemPopularity,
    seed: int,
) -> dict[str, Outcome]:
    """Outcomes by method; a source of virtual behaviour that several methods share is asked once."""
    sources = {id(method.virtual): method.virtual for method in methods.values() if method.virtual is not None}
    made_up = {key: source(posed.users) for key, source in sources.items()}
    return {
        name: judge(method.ranker, posed, made_up.get(id(method.virtual)), metrics, ks, popularity, seed)
        for name, method in methods.items()
    }


def _frame(posed: Posed, method: str, outcome: Outcome) -> pl.DataFrame:
    figures = {
        figure.name: pl.Series(values.astype(np.float32)).fill_nan(None) for figure, values in outcome.per_user.items()
    }
    keys = {
        "question": pl.repeat(posed.question, len(posed.users), eager=True),
        "method": pl.repeat(method, len(posed.users), eager=True),
        "shots": pl.repeat(posed.shots_name.removeprefix("shots_"), len(posed.users), eager=True),
        "user": pl.Series(posed.users.ids, dtype=pl.UInt64),
    }
    return pl.DataFrame(keys | figures)


def _population(posed: Posed) -> tuple[object, ...]:
    lengths = np.diff(posed.targets.indptr)
    return (
        posed.question,
        posed.shots_name.removeprefix("shots_"),
        len(posed.users),
        int((lengths > 0).sum()),
        int(lengths.sum()),
        int(posed.outside_targets.sum()),
        int(posed.outside_support.sum()),
    )
