"""Figures of the report against the numbers they draw."""

import numpy as np
import pytest

from tasks.reporting.canvas import plain_style
from tasks.reporting.palette import BLUE, GENERATED, GREY, ORANGE, REAL
from tasks.reporting.report.comparison import PopularityCurve
from tasks.reporting.report.gain_figures import colour_of, gains_figure, gains_table
from tasks.reporting.report.pictures import drawing, photograph
from tasks.reporting.report.realism_figures import (
    cooccurrence_figures,
    lengths_figure,
    neighbours_figure,
    popularity_figure,
    projection_figure,
)
from tasks.reporting.report.training_figures import checkpoint_figure, tripwire_figure
from tests.reporting.report_content import GAINS, REALISM, made_up_report

TRAINING = made_up_report().training


def test_real_users_have_one_colour_everywhere() -> None:
    assert REALISM.projection is not None
    points = projection_figure(REALISM.projection).axes[0].collections
    assert [tuple(np.round(255 * one.get_facecolor()[0, :3]).astype(int)) for one in points] == [
        tuple(bytes.fromhex(colour[1:])) for colour in (REAL, GENERATED)
    ]
    lines = [*popularity_figure(REALISM.popularity).axes[0].get_lines(), *_distances()]
    assert [line.get_color() for line in lines] == [REAL, GENERATED, REAL, GENERATED, GENERATED]


def _distances() -> list:
    return neighbours_figure(REALISM.neighbours).axes[0].get_lines()


def test_the_components_say_how_much_they_explain() -> None:
    assert REALISM.projection is not None
    axes = projection_figure(REALISM.projection).axes[0]
    np.testing.assert_array_equal(axes.collections[1].get_offsets(), [[1, 1], [1, 3]])
    assert "25.0 % of variance" in axes.get_xlabel()
    assert "12.5 % of variance" in axes.get_ylabel()


def test_popularity_is_a_share_of_events_and_leaves_out_what_nobody_took() -> None:
    real, generated = popularity_figure(REALISM.popularity).axes[0].get_lines()
    np.testing.assert_allclose(real.get_ydata(), [60, 30, 10])
    np.testing.assert_allclose(generated.get_ydata(), [40, 40, 20])
    assert "n = 10 events" in str(real.get_label())


def test_the_top_tenth_is_one_item_of_four() -> None:
    assert PopularityCurve.top_share(np.array([6, 3, 1, 0])) == pytest.approx(0.6)
    assert np.isnan(PopularityCurve.top_share(np.array([0, 0])))


def test_lengths_share_their_bins_and_sum_to_all_users() -> None:
    axes = lengths_figure(REALISM.lengths).axes[0]
    (_, real), (_, generated) = (container for container in [_bars(axes, 0), _bars(axes, 1)])
    assert real == pytest.approx(100)
    assert generated == pytest.approx(100)


def _bars(axes, place: int) -> tuple[int, float]:
    """Number of the container, and the sum of its heights; the second is an outline."""
    container = axes.containers[place] if place < len(axes.containers) else None
    if container is not None and hasattr(container, "patches") and len(container.patches) > 1:
        return place, sum(patch.get_height() for patch in container.patches)
    outline = [patch for patch in axes.patches if type(patch).__name__ == "Polygon"][-1]
    heights = outline.get_xy()[:, 1]
    return place, float(heights.max())


def test_distances_are_cumulative_shares() -> None:
    _, to_training, _ = _distances()
    np.testing.assert_allclose(to_training.get_xdata(), [0.0, 0.5])
    np.testing.assert_allclose(to_training.get_ydata(), [50, 100])


def test_real_and_generated_pairs_share_one_scale_and_their_difference_has_its_own() -> None:
    assert REALISM.cooccurrence is not None
    real, generated, apart = (figure.axes[0].images[0] for figure in cooccurrence_figures(REALISM.cooccurrence))
    assert real.get_clim() == generated.get_clim() == (0.0, 0.5)
    assert apart.get_clim() == (-0.5, 0.5)
    assert apart.get_array()[0, 1] == pytest.approx(-0.5)


def test_gains_are_coloured_by_what_their_interval_says() -> None:
    assert [colour_of(segment) for segment in GAINS.segments] == [BLUE, ORANGE, GREY]
    axes = gains_figure(GAINS).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["all users (n = 40)", "town", "Ulm (n = 25)", "Bath (n = 15)"]
    drawn = [line.get_xdata() for line in axes.get_lines()]
    np.testing.assert_allclose(drawn[2], [-0.15, -0.05])
    assert gains_table(GAINS).rows[1] == (
        "town", "Ulm", "25", "0.2000", "0.1000", "-0.1000", "-0.1500 to -0.0500", "10%", "70%",
    )  # fmt: skip


def test_an_epoch_outside_its_bounds_is_crossed() -> None:
    line, bound, crosses = tripwire_figure(TRAINING.tripwires[0], TRAINING).axes[0].get_lines()
    np.testing.assert_allclose(line.get_ydata(), [0.05, 0.5])
    assert bound.get_ydata()[0] == pytest.approx(0.1)
    np.testing.assert_allclose(crosses.get_xdata(), [1])


def test_what_was_not_measured_is_not_outside() -> None:
    assert TRAINING.tripwires[1].outside == (False, False)


def test_the_chosen_epoch_is_marked() -> None:
    values, chosen = checkpoint_figure(TRAINING).axes[0].get_lines()
    np.testing.assert_allclose(values.get_ydata(), [0.25, 0.5])
    assert list(chosen.get_xdata()) == [2, 2]


@pytest.mark.parametrize("draw", [drawing, photograph])
def test_a_picture_holds_no_date_and_no_version(draw) -> None:
    with plain_style():
        pictures = [draw(gains_figure(GAINS), "alt") for _ in range(2)]
    assert pictures[0] == pictures[1]
