"""One cell: a method is fitted, answers half A for the reference and the reported users for the results."""

import time
from collections.abc import Sequence

import numpy as np
import polars as pl

from tasks.benchmark.method import BenchmarkMethod, FittedMethod, Part
from tasks.benchmark.roster import Roster, half
from tasks.benchmark.units import Call
from tasks.benchmark.workbench import Workbench
from tasks.domain import Posed
from tasks.errors import DataError
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.evaluation import CELLS_SCHEMA, MEAN, Evaluation
from tasks.results.cell import PER_USER, Cell, CellKey
from tasks.stages.measure import metrics_of

KS = (5, 10, 20)
_NAME = "method"


def measure_cell(bench: Workbench, method: BenchmarkMethod, call: Call, part: Part, asked: Roster) -> Cell:
    """Fit a method, and measure it on half A (NDCG@10) and on a part of the users (everything).

    Raises:
        DataError: The method answers for nobody of the part.

    """
    started = time.monotonic()
    fitted = method.fit(bench, call.settings)
    fit_seconds = time.monotonic() - started
    half_a = bench.half_a(fitted)
    answers = evaluations(bench, fitted, part)
    if not answers:
        raise DataError(f"{method.name} has no answer for the users of {part}")
    figures = figures_of(answers)
    return Cell(
        key=CellKey(call.dataset, call.question, method.name, bench.seed, call.digest),
        split=bench.prepared.split.name,
        role=method.role,
        version=method.version,
        evaluate="test" if part == "test" else "validation",
        trials=call.trials,
        settings=call.settings,
        half_a=half_a,
        figures=figures,
        seconds={
            "tune": call.tune_seconds,
            "fit": fit_seconds,
            "measure": time.monotonic() - started - fit_seconds,
        },
        per_user=per_user(bench, part, answers, asked),
        shares=_shares(bench, fitted, part),
        edges=call.edges,
    )


def evaluations(bench: Workbench, fitted: FittedMethod, part: Part) -> list[tuple[Posed, Evaluation]]:
    """Every figure of a method at each number of shots it answers."""
    found = []
    for posed in bench.posed(part):
        method = fitted.method_for(part, posed)
        if method is not None:
            metrics, popularity = metrics_of(bench.config), bench.popularity
            answers = {_NAME: method}
            measured = evaluate(answers, [posed], metrics, KS, popularity=popularity, seed=bench.seed, resamples=0)
            found.append((posed, measured))
    return found


def figures_of(answers: Sequence[tuple[Posed, Evaluation]]) -> list[dict[str, object]]:
    """Figures by shots, and their means over s ≥ 1, as a cell keeps them."""
    cells = pl.concat([evaluation.cells for _, evaluation in answers])
    cells = cells.filter(pl.col("shots") != MEAN)  # each was measured alone; the mean is over all of them
    by = ["metric", "k", "variant"]
    mean = (
        cells.filter(pl.col("shots") != "0")
        .group_by(by, maintain_order=True)
        .agg(pl.col("value").drop_nans().mean(), pl.col("users").max())
        .with_columns(pl.lit(MEAN).alias("shots"))
    )
    columns = ["metric", "k", "variant", "shots", "value", "users"]
    together = pl.concat([cells.select(columns), mean.select(columns).cast({c: CELLS_SCHEMA[c] for c in columns})])
    return together.to_dicts()


def per_user(bench: Workbench, part: Part, answers: Sequence[tuple[Posed, Evaluation]], asked: Roster) -> pl.DataFrame:
    """A row per user of the roster; null where a user is not asked."""
    population = bench.prepared.split.test.histories if part == "test" else half(bench, part)
    table = {"user": asked.table["user"]}
    for posed, evaluation in answers:
        places = asked.positions(population.users[posed.population])
        shots = posed.shots_name.removeprefix("shots_")
        for figure in PER_USER:
            values = np.full(len(asked.rows), np.nan, dtype=np.float32)
            values[places] = evaluation.per_user[figure].fill_null(float("nan")).to_numpy()
            table[f"{figure}/{shots}"] = pl.Series(values, dtype=pl.Float32).fill_nan(None)
    order = [
        "user",
        *(f"{figure}/{posed.shots_name.removeprefix('shots_')}" for figure in PER_USER for posed, _ in answers),
    ]
    return pl.DataFrame(table).select(order)


def _shares(bench: Workbench, fitted: FittedMethod, part: Part) -> list[dict[str, object]]:
    if fitted.shares_for is None:
        return []
    return [
        {"shots": posed.shots_name.removeprefix("shots_"), "score": score, "share": float(share)}
        for posed in bench.posed(part)
        for score, share in fitted.shares_for(part, posed).items()
    ]
