"""The figure that a sweep compares, among the metrics of its children."""

import pytest

from tasks.sweeps.child import Child

NAME = "val_a/rest/user_knn_cosine_virtual/"
SUMMARY = {
    "objective_name": f"{NAME}ndcg_at_10/mean",
    "metrics": {f"{NAME}ndcg_at_10/mean": 0.2, f"{NAME}hit_rate_at_5/shots_3": 0.4},
}


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("ndcg_at_10/mean", {f"{NAME}ndcg_at_10/mean": 0.2}),
        ("hit_rate_at_5/shots_3", {f"{NAME}hit_rate_at_5/shots_3": 0.4}),
        ("mrr_at_5/mean", {}),
    ],
)
def test_a_child_has_the_figure_that_is_compared(metric: str, figure: dict[str, float]) -> None:
    assert Child("sweep", 0, "name", "experiment", metric=metric).figure(SUMMARY) == figure
