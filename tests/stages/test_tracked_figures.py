"""Which figures MLflow keeps, and HR@10 against shots as one line per run."""

from typing import Any

import polars as pl

from tasks.evaluation.evaluation import CELLS_SCHEMA, POPULATIONS_SCHEMA, Evaluation
from tasks.stages.tracked_figures import figures_by_shots, judged_by, kept_figures

SHOTS = ("0", "3", "all", "mean")


def evaluation(plus: float = 0.0) -> Evaluation:
    rows: list[dict[str, Any]] = []
    for method in ("popularity", "hybrid"):
        for metric in ("hit_rate", "ndcg", "coverage"):
            for k in (5, 10):
                for variant in ("", "strict"):
                    for place, shots in enumerate(SHOTS):
                        value = None if (metric, shots) == ("ndcg", "3") else place / 10 + plus
                        row = {"method": method, "metric": metric, "k": k, "variant": variant, "shots": shots}
                        rows.append({**row, "question": "rest", "role": "", "value": value, "users": 5})
    cells = pl.DataFrame(rows, schema=CELLS_SCHEMA)
    return Evaluation(pl.DataFrame(), cells, pl.DataFrame(schema=POPULATIONS_SCHEMA))


def test_the_headline_is_kept_for_all_and_the_rest_for_what_is_shipped() -> None:
    kept = kept_figures({"val_a": evaluation(), "val": evaluation()}, "hybrid")
    expected = {
        f"val_a/rest/{method}/{name}_at_10/mean" for method in ("popularity", "hybrid") for name in ("hit_rate", "ndcg")
    }
    for method in ("popularity", "hybrid"):
        expected |= {f"val/rest/{method}/hit_rate_at_10/{end}" for end in ("shots_0", "shots_3", "shots_all", "mean")}
        # What is not finite is no metric.
        expected |= {f"val/rest/{method}/ndcg_at_10/{end}" for end in ("shots_0", "shots_all", "mean")}
    assert set(kept) == expected | {"val/rest/hybrid/coverage_at_10/mean"}
    assert kept["val/rest/hybrid/hit_rate_at_10/shots_3"] == 0.1


def test_a_table_of_runs_shows_one_figure_of_each_method() -> None:
    kept = [
        "val_a/rest/hybrid/ndcg_at_10/mean",
        "val/rest/hybrid/ndcg_at_10/shots_3",
        "val/rest/hybrid/ndcg_at_10/mean",
        "val/rest/hybrid/hit_rate_at_10/mean",
        "val/rest/popularity/ndcg_at_10/mean",
        "test/rest/hybrid/ndcg_at_10/mean",
    ]
    assert judged_by(kept) == ["val/rest/hybrid/ndcg_at_10/mean", "val/rest/popularity/ndcg_at_10/mean"]


def test_the_number_of_shots_is_the_step() -> None:
    steps = figures_by_shots({"val_a": evaluation(), "val": evaluation(), "test": evaluation(0.5)})
    assert list(steps) == [0, 3]
    assert steps[3] == {
        "by_shots/rest/popularity/hit_rate_at_10": 0.1,
        "by_shots/rest/hybrid/hit_rate_at_10": 0.1,
        "test_by_shots/rest/popularity/hit_rate_at_10": 0.6,
        "test_by_shots/rest/hybrid/hit_rate_at_10": 0.6,
    }
    assert "by_shots/rest/hybrid/ndcg_at_10" in steps[0]
