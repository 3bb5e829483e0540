"""The figures of sweeps and comparisons."""

import pytest

from tasks.reporting.comparison_plots import differences_by_shots
from tasks.reporting.sweep_plots import objective_by_parameters

POINTS = [
    ({"loss": "hinge", "weight": 0.01, "seed": 0}, 0.2),
    ({"loss": "relativistic", "weight": 1.0, "seed": 1}, 0.3),
    ({"loss": "hinge", "seed": 2}, 0.25),
]


def test_one_panel_per_parameter_and_the_best_is_marked() -> None:
    figure = objective_by_parameters(POINTS, "val_a/rest/x_virtual/ndcg_at_10/mean", "Sweep losses, ml_100k")
    loss, weight, seed = figure.axes
    assert [axes.get_xlabel() for axes in figure.axes] == ["loss", "weight", "seed"]
    assert [label.get_text() for label in loss.get_xticklabels()] == ["hinge", "relativistic"]
    assert weight.get_xscale() == "log"
    assert loss.get_ylabel() == "ndcg_at_10/mean (half A)"
    _, best = seed.collections
    assert best.get_offsets().tolist() == [[1.0, 0.3]]
    # A trial without the parameter is no point of its panel.
    assert sum(len(points.get_offsets()) for points in weight.collections) == 2
    assert "3 finished trials, the best (0.3000)" in figure.get_suptitle()
    lowest = objective_by_parameters(POINTS, "x", "t", maximize=False).axes[2].collections[1]
    assert lowest.get_offsets().tolist() == [[0.0, 0.2]]


def test_many_parameters_stand_in_rows() -> None:
    points = [({f"p{number}": number * step for number in range(4)}, float(step)) for step in (1, 2)]
    figure = objective_by_parameters(points, "x", "t")
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2


def test_differences_have_their_intervals() -> None:
    rows = [("b", "0", 0.01, -0.01, 0.02), ("b", "mean", 0.03, 0.02, 0.05), ("c", "0", 0.0, -0.01, 0.01)]
    figure = differences_by_shots(rows, "NDCG@10", "a", 1234)
    (axes,) = figure.axes
    assert axes.get_title() == "NDCG@10 minus that of a\nn = 1,234 users, 95 % intervals"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "mean\ns ≥ 1"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["b", "c"]
    bars = axes.containers[0].lines[2][0].get_segments()
    assert [[float(end[1]) for end in bar] for bar in bars] == [[-0.01, 0.02], [0.02, 0.05]]


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="at least one finished trial"):
        objective_by_parameters([], "x", "t")
    with pytest.raises(ValueError, match="at least one difference"):
        differences_by_shots([], "x", "a", 1)
