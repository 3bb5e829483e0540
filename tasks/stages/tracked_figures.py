"""What MLflow keeps of a run's figures: a reader's choice; all of them lie in ``summary.json`` and ``evaluation/``."""

from collections.abc import Iterable, Mapping

import polars as pl

from tasks.evaluation.evaluation import MEAN, Evaluation, figures_of

K = 10
HEADLINE = ("hit_rate", "ndcg")
"""Kept for every method."""
BY_SHOTS = {"val": "by_shots", "test": "test_by_shots"}
"""In front of metrics whose step is the number of shots: MLflow draws each of them as one line per run."""


def kept_figures(parts: Mapping[str, Evaluation], shipped: str) -> dict[str, float]:
    """Figures at 10 under their names in MLflow, about a tenth of all.

    Args:
        parts: Evaluations by ``val_a``, ``val`` and, where they were looked at, ``test``.
        shipped: Name of the method that the model ranks with.

    Returns:
        HR@10 and NDCG@10 of every method: on half A the mean only, else for each number of shots, too. Of the method
        that is shipped, other than on half A, also the mean of all other figures at 10.

    """
    kept: dict[str, float] = {}
    for part, evaluation in parts.items():
        headline, mean, own = pl.col("metric").is_in(HEADLINE), pl.col("shots") == MEAN, pl.col("method") == shipped
        wanted = headline & mean if part == "val_a" else headline | (own & mean)
        cells = evaluation.cells.filter((pl.col("k") == K) & (pl.col("variant") == "") & wanted)
        kept |= {f"{part}/{name}": value for name, value in figures_of(cells).items()}
    return kept


def judged_by(kept: Iterable[str]) -> list[str]:
    """Those among the kept figures that a table of runs shows: NDCG@10 of every method on half B, mean over s ≥ 1."""
    return [name for name in kept if name.startswith("val/") and name.endswith(f"/ndcg_at_{K}/{MEAN}")]


def figures_by_shots(parts: Mapping[str, Evaluation]) -> dict[int, dict[str, float]]:
    """HR@10 and NDCG@10 of every method by number of shots, which is the step.

    A support of ``all`` events has no number, so it is no point of the line. Half A is left out.

    Args:
        parts: As for ``kept_figures``.

    Returns:
        Metrics such as ``by_shots/next_visits/hybrid/hit_rate_at_10`` for each number of shots. MLflow makes a
        section of what shares everything in front of the last slash, and cuts the titles of charts but not of sections:
        so the method is in the section's.

    """
    steps: dict[int, dict[str, float]] = {}
    for part, evaluation in parts.items():
        if part not in BY_SHOTS:
            continue
        cells = evaluation.cells.filter(
            pl.col("metric").is_in(HEADLINE)
            & (pl.col("k") == K)
            & (pl.col("variant") == "")
            & pl.col("shots").str.contains(r"^\d+$")
            & pl.col("value").is_finite()
        )
        for row in cells.iter_rows(named=True):
            name = f"{BY_SHOTS[part]}/{row['question']}/{row['method']}/{row['metric']}_at_{K}"
            steps.setdefault(int(row["shots"]), {})[name] = row["value"]
    return dict(sorted(steps.items()))
