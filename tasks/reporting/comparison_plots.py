"""Differences between runs, as a figure: returned, never shown or saved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasks.reporting.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = tuple[str, str, float, float, float]
"""Label of a run, shots, difference, and both bounds of its interval."""
_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
_MARKERS = ("o", "s", "^", "D", "v", "P")


def differences_by_shots(rows: Sequence[Row], figure_name: str, reference: str, users: int) -> "Figure":
    """Difference from the reference by number of known events, with 95 % intervals, one marker per run.

    Args:
        rows: What is drawn.
        figure_name: For example ``NDCG@10``.
        reference: Label of the run the others are compared with.
        users: Number of users, for the title.

    Raises:
        ValueError: There is nothing to draw.

    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not rows:
        raise ValueError("expected at least one difference, got none")
    labels, shots = list(dict.fromkeys(row[0] for row in rows)), list(dict.fromkeys(row[1] for row in rows))
    figure = Figure(figsize=(8.6, 4.2 + 0.2 * len(labels)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.axhline(0, color=GREY, linewidth=1)
    width = 0.6 / len(labels)
    for place, label in enumerate(labels):
        own = [row for row in rows if row[0] == label]
        across = [shots.index(row[1]) + (place - (len(labels) - 1) / 2) * width for row in own]
        values = [row[2] for row in own]
        spread = [[row[2] - row[3] for row in own], [row[4] - row[2] for row in own]]
        axes.errorbar(
            across,
            values,
            yerr=spread,
            fmt=_MARKERS[place % len(_MARKERS)],
            color=_COLOURS[place % len(_COLOURS)],
            capsize=3,
            markersize=5,
            label=label,
        )
    axes.set_xticks(range(len(shots)), ["mean\ns ≥ 1" if one == "mean" else one for one in shots])
    axes.set_xlabel("known events (shots)")
    axes.set_ylabel(f"difference in {figure_name}")
    axes.set_title(f"{figure_name} minus that of {reference}\nn = {users:,} users, 95 % intervals", fontsize=11)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9)
    return figure
