import io
import sys

import numpy as np
import polars as pl
import pytest

from tasks.evaluation.evaluation import CELLS_SCHEMA
from tasks.reporting.palette import styles
from tasks.reporting.plots import accuracy_by_shots, loss_plot
from tests.reporting.cells import made_up_cells

HISTORY = [
    {
        "epoch": float(epoch),
        "loss/generator": 2.0 / (epoch + 1),
        "loss/critic": 0.5,
        "critic/accuracy_real": 0.9,
        "critic/accuracy_fake": 0.75,
    }
    for epoch in range(3)
]


def test_losses_and_accuracies_are_drawn_per_epoch_from_1_on() -> None:
    losses, accuracy = loss_plot(HISTORY).axes
    lines = {line.get_label(): line for line in losses.get_lines()}
    assert list(lines["generator"].get_xdata()) == [1, 2, 3]
    assert list(lines["generator"].get_ydata()) == pytest.approx([2.0, 1.0, 2 / 3])
    assert "3 epochs" in losses.get_title()
    drawn = {line.get_label(): line for line in accuracy.get_lines()}
    assert list(drawn["generated profiles"].get_ydata()) == pytest.approx([75.0] * 3)
    assert accuracy.get_ylabel() == "accuracy (%)"


def test_accuracies_may_be_missing_and_one_epoch_is_enough() -> None:
    history = [{"epoch": 0.0, "loss/generator": 1.0, "loss/critic": 1.0}]
    figure = loss_plot(history)
    assert "1 epoch" in figure.axes[0].get_title()
    figure.savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize("history", [[], [{"epoch": 0.0, "loss/generator": 1.0}]])
def test_a_history_without_losses_is_refused(history: list) -> None:
    with pytest.raises(ValueError, match="loss/critic"):
        loss_plot(history)


def test_each_method_has_a_line_over_the_shots_and_a_band() -> None:
    cells = made_up_cells(methods=["popularity", "item_knn", "item_knn_virtual"], shots=["0", "1", "all"])
    figure = accuracy_by_shots(cells, "next_visits")
    axes = figure.axes[0]
    assert [line.get_label() for line in axes.get_lines()] == ["popularity", "item_knn", "item_knn_virtual"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "all"]
    expected = cells.filter(
        (pl.col("method") == "item_knn") & (pl.col("metric") == "hit_rate") & (pl.col("shots") != "mean")
    )
    np.testing.assert_allclose(axes.get_lines()[1].get_ydata(), expected["value"].to_numpy())
    assert len(axes.collections) == 3
    assert "HR@10" in axes.get_title()
    assert "n = 120 users" in axes.get_title()
    figure.savefig(io.BytesIO(), format="png")


def test_methods_are_chosen_and_ordered_by_name() -> None:
    cells = made_up_cells(methods=["a", "b", "c"], shots=["1"])
    axes = accuracy_by_shots(cells, "next_visits", "ndcg", methods=["c", "a", "unknown"]).axes[0]
    assert [line.get_label() for line in axes.get_lines()] == ["c", "a"]


def test_numbers_of_users_that_differ_stand_at_the_axis() -> None:
    cells = made_up_cells(methods=["a"], shots=["0", "1"])
    cells = cells.with_columns(users=pl.when(pl.col("shots") == "1").then(80).otherwise(120).cast(pl.Int64))
    labels = [label.get_text() for label in accuracy_by_shots(cells, "next_visits").axes[0].get_xticklabels()]
    assert labels == ["0\nn = 120", "1\nn = 80"]


def test_cells_without_intervals_are_drawn_without_a_visible_band() -> None:
    cells = made_up_cells(methods=["a"], shots=["0", "1"])
    cells = cells.with_columns(ci_low=pl.lit(None, pl.Float64), ci_high=pl.lit(None, pl.Float64))
    accuracy_by_shots(cells, "next_visits").savefig(io.BytesIO(), format="png")


def test_what_was_not_evaluated_is_refused_with_what_there_is() -> None:
    cells = made_up_cells(methods=["a"], shots=["1"])
    with pytest.raises(ValueError, match="next_visits/hit_rate/10"):
        accuracy_by_shots(cells, "this_visit")
    with pytest.raises(ValueError, match="nothing"):
        accuracy_by_shots(pl.DataFrame(schema=CELLS_SCHEMA), "next_visits")


def test_a_method_and_its_virtual_form_share_a_colour_and_differ_in_dashes() -> None:
    chosen = styles(["popularity", "late_popularity", "user_knn", "user_knn_virtual", "ease", "generator", "hybrid"])
    assert chosen["user_knn"].colour == chosen["user_knn_virtual"].colour
    assert chosen["user_knn"].dashes != chosen["user_knn_virtual"].dashes
    looks = [(style.colour, style.marker, str(style.dashes)) for style in chosen.values()]
    assert len(set(looks)) == len(looks)


def test_a_figure_leaves_no_global_state_behind() -> None:
    before = sys.modules.get("matplotlib.pyplot")
    loss_plot(HISTORY)
    assert sys.modules.get("matplotlib.pyplot") is before


def test_the_same_result_gives_the_same_picture() -> None:
    pictures = []
    for _ in range(2):
        buffer = io.BytesIO()
        accuracy_by_shots(made_up_cells(methods=["a", "b"], shots=["0", "1"]), "next_visits").savefig(
            buffer, format="png"
        )
        pictures.append(buffer.getvalue())
    assert pictures[0] == pictures[1]
