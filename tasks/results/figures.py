"""Every figure of a panel, averaged over seeds, and those of single seeds."""

import polars as pl

from tasks.evaluation.evaluation import MEAN
from tasks.results.panel import Panel
from tasks.results.references import References

REFERENCE = "reference"
"""Stands for the reference of each number of shots, where that is not one method."""
_KEY = ("method", "role", "shots", "metric", "k")
_SCHEMA = {
    "method": pl.String,
    "role": pl.String,
    "shots": pl.String,
    "seed": pl.Int32,
    "metric": pl.String,
    "k": pl.Int32,
    "value": pl.Float64,
    "n_users": pl.Int64,
}


def figures_of(panel: Panel, references: References, single_seeds: int = 10) -> pl.DataFrame:
    """Values by method, shots, seed, metric and k; a variant is the metric's suffix, as in ``ndcg_strict``.

    Args:
        panel: The cells.
        references: Names the references, whose figures are repeated as those of ``REFERENCE``.
        single_seeds: The k at which figures of single seeds are given, beside those averaged over seeds (seed null).

    """
    rows = [
        (
            method,
            cell.role,
            figure["shots"],
            cell.key.seed,
            figure["metric"] + (f"_{figure['variant']}" if figure["variant"] else ""),
            figure["k"],
            figure["value"],
            figure["users"],
        )
        for method, cells in panel.cells.items()
        for cell in cells
        for figure in cell.figures
        if figure["metric"] != "users"
    ]
    each = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(pl.col("value").fill_nan(None))
    averaged = each.group_by(_KEY, maintain_order=True).agg(
        pl.lit(None, pl.Int32).alias("seed"), pl.col("value").mean(), pl.col("n_users").max()
    )
    singles = each.filter((pl.col("k") == single_seeds) & ~pl.col("metric").str.contains("_strict|_repeats"))
    parts = [averaged, _of_references(averaged, references), singles]
    return pl.concat([part.select(list(_SCHEMA)) for part in parts])


def _of_references(averaged: pl.DataFrame, references: References) -> pl.DataFrame:
    """The references' figures at their numbers of shots, and the means of these over s ≥ 1."""
    pairs = pl.DataFrame(
        {"shots": list(references.by_shots), "method": list(references.by_shots.values())},
        schema={"shots": pl.String, "method": pl.String},
    )
    own = averaged.join(pairs, on=["shots", "method"], how="semi", maintain_order="left").with_columns(
        pl.lit(REFERENCE).alias("method")
    )
    means = (
        own.filter(pl.col("shots") != "0")
        .group_by([name for name in _KEY if name != "shots"], maintain_order=True)
        .agg(
            pl.lit(MEAN).alias("shots"),
            pl.lit(None, pl.Int32).alias("seed"),
            pl.col("value").mean(),
            pl.col("n_users").max(),
        )
    )
    return pl.concat([part.select(list(_SCHEMA)) for part in (own, means)])
