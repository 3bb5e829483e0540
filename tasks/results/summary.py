"""``summary.parquet``: every figure of a set of cells in one tidy table, a function of the cells alone.

Beside the metrics of the evaluation ``metric`` knows ``ndcg_gain`` (relative, against the reference of each number of
shots), ``ndcg_difference`` (the hybrid's, absolute), ``ndcg_gain_over_hybrid`` (of ablations) and
``ndcg_gain_of_virtual_over_fill`` (in the placebo's row). The method ``reference`` stands for the reference of each
number of shots. p-values belong to NDCG@10: at s, of the method against the reference; at ``mean``, in a placebo's row,
of ``<cf>_virtual`` against the placebo.
"""

from pathlib import Path

import polars as pl

from tasks.evaluation.evaluation import MEAN
from tasks.evaluation.statistics import RESAMPLES
from tasks.method_names import HYBRID
from tasks.results.claims import (
    GAIN,
    HIT_RATE,
    NDCG,
    Comparison,
    Test,
    comparisons_of,
    corrected,
    placebo_tests,
    reference_tests,
)
from tasks.results.figures import REFERENCE, figures_of
from tasks.results.intervals import gains_of, intervals_of, segments_of
from tasks.results.panel import Panel, panels_of
from tasks.results.references import References, references_of
from tasks.results.store import Results, read_results, read_summary_table, replace_parquet

SUMMARY = "summary.parquet"
SUMMARY_SCHEMA = {
    "dataset": pl.String,
    "split": pl.String,
    "question": pl.String,
    "method": pl.String,
    "role": pl.String,
    "shots": pl.String,
    "seed": pl.Int32,
    "segment": pl.String,
    "metric": pl.String,
    "k": pl.Int32,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "is_reference": pl.Boolean,
    "p_value": pl.Float64,
    "p_holm": pl.Float64,
    "n_users": pl.Int64,
}
BY_SEGMENT = (HYBRID, "user_knn_cosine", "user_knn_cosine_virtual")
"""Methods whose figures are given by segment, beside the reference's."""
_DECIMALS = 9
_FIGURES = {"ndcg": NDCG, "hit_rate": HIT_RATE}
_ORDER = ("dataset", "question", "segment", "metric", "k", "role", "method", "seed", "shots")


def build_summary(results: Results, resamples: int = RESAMPLES) -> pl.DataFrame:
    """The summary of the cells of a set (``SUMMARY_SCHEMA``), rows sorted.

    Args:
        results: The cells and their users.
        resamples: Behind each interval and test.

    Raises:
        DataError: The cells do not fit each other.

    """
    parts: list[pl.DataFrame] = []
    tests: dict[Test, float] = {}
    placebos: dict[Test, float] = {}
    for panel in panels_of(results):
        references = references_of(panel)
        comparisons = comparisons_of(panel, references)
        parts.append(_rows(panel, references, comparisons, resamples))
        place = (panel.dataset, panel.question)
        found = reference_tests(panel, references, resamples)
        tests |= {(*place, method, shots): p for (method, shots), p in found.items()}
        placebos |= {(*place, name, MEAN): p for name, p in placebo_tests(panel, comparisons, resamples).items()}
    summary = pl.concat(parts) if parts else pl.DataFrame(schema=SUMMARY_SCHEMA).drop("p_value", "p_holm")
    adjusted = corrected(tests, placebos)
    known = [(*test, None, "ndcg", 10, None, p, adjusted.get(test)) for test, p in (tests | placebos).items()]
    keys = ["dataset", "question", "method", "shots", "segment", "metric", "k", "seed"]
    p_values = pl.DataFrame(
        known, schema={name: SUMMARY_SCHEMA[name] for name in (*keys, "p_value", "p_holm")}, orient="row"
    )
    joined = summary.join(p_values, on=keys, how="left", nulls_equal=True)
    # How sums are split among threads moves the last digits: rounded, a machine's file is every machine's file.
    rounded = joined.with_columns(pl.col("value", "ci_low", "ci_high").round(_DECIMALS))
    return rounded.select(list(SUMMARY_SCHEMA)).sort(_ORDER, nulls_last=False)


def write_summary(folder: Path, resamples: int = RESAMPLES) -> pl.DataFrame:
    """Build the summary of the results in a folder and write it there as ``summary.parquet``.

    Raises:
        DataError: A part of the results is missing, or does not fit the others.

    """
    summary = build_summary(read_results(folder), resamples)
    replace_parquet(folder / SUMMARY, summary)
    return summary


def read_summary(folder: Path) -> pl.DataFrame:
    """What ``write_summary`` wrote.

    Raises:
        DataError: It is missing or has other columns.

    """
    return read_summary_table(folder / SUMMARY, SUMMARY_SCHEMA)


def _rows(panel: Panel, references: References, comparisons: tuple[Comparison, ...], resamples: int) -> pl.DataFrame:
    """A panel's rows, without p-values."""
    figures = figures_of(panel, references).with_columns(pl.lit(None, pl.String).alias("segment"))
    segments = segments_of(panel)
    bounds, extra = [], [gains_of(panel, comparisons, resamples)]
    for metric, figure in _FIGURES.items():
        values = {name: panel.values(name, figure) for name in panel.methods}
        if references.by_shots:
            values[REFERENCE] = references.values(panel, figure)
        bounds.append(intervals_of(panel, metric, values, resamples))
        chosen = {name: values[name] for name in (*BY_SEGMENT, REFERENCE) if name in values}
        for name, users in segments.items():
            if chosen:
                own = {method: value[users] for method, value in chosen.items()}
                extra.append(intervals_of(panel, metric, own, resamples, name))
    for name, users in segments.items():
        own_gains = [
            Comparison(GAIN, one.method, one.ours[users], one.theirs[users])
            for one in comparisons
            if one.metric == GAIN and one.method in BY_SEGMENT
        ]
        extra.append(gains_of(panel, own_gains, resamples, name))

    intervals = pl.concat(bounds).drop("segment")
    intervals = intervals.with_columns(pl.lit(None, pl.Int32).alias("seed"), pl.lit(10, pl.Int32).alias("k"))
    figures = figures.join(intervals, on=["method", "shots", "metric", "k", "seed"], how="left", nulls_equal=True)
    # Averaged per user over seeds first; what single cells noted differs where who is asked hangs on the seed.
    figures = figures.with_columns(pl.coalesce(f"{name}_right", name).alias(name) for name in ("value", "n_users"))
    roles = {name: panel.role(name) for name in panel.methods} | {REFERENCE: "baseline"}
    others = pl.concat(extra).with_columns(
        pl.col("method").replace_strict(roles, return_dtype=pl.String).alias("role"),
        pl.lit(None, pl.Int32).alias("seed"),
        pl.lit(10, pl.Int32).alias("k"),
    )
    columns = [name for name in SUMMARY_SCHEMA if name in others.columns]
    rows = pl.concat([figures.select(columns), others.select(columns)])
    marked = [(REFERENCE, shots) for shots in (*panel.shots, MEAN)]
    marked += [
        (name, shots) for name in panel.methods for shots in (*panel.shots, MEAN) if references.holds(name, shots)
    ]
    marks = pl.DataFrame(marked, schema={"method": pl.String, "shots": pl.String}, orient="row")
    marks = marks.with_columns(pl.lit(True).alias("is_reference"))
    rows = rows.join(marks, on=["method", "shots"], how="left").with_columns(
        pl.col("is_reference").fill_null(False),
        pl.lit(panel.dataset).alias("dataset"),
        pl.lit(panel.split).alias("split"),
        pl.lit(panel.question).alias("question"),
    )
    return rows.select([name for name in SUMMARY_SCHEMA if name not in ("p_value", "p_holm")])
