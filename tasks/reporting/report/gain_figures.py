"""Who gains and who loses, as a figure and as a table."""

from typing import TYPE_CHECKING

import numpy as np

from tasks.reporting.canvas import blank, finish
from tasks.reporting.palette import BLUE, GREY, ORANGE
from tasks.reporting.report.comparison import Gains, Segment
from tasks.reporting.report.realism_figures import SIZE, WIDTH
from tasks.reporting.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_LABEL = 22
"""Characters of a segment's name in the figure; the table has all of it."""


def gains_figure(gains: Gains) -> "Figure":
    """Mean difference per segment with its 95 % interval; blue where all of it is gain, orange where all is loss."""
    lines = _lines(gains)
    figure = blank(WIDTH, 1.3 + 0.24 * len(lines))
    axes = figure.subplots()
    for place, (_, segment) in enumerate(lines):
        if segment is not None:
            colour = colour_of(segment)
            axes.plot([segment.low, segment.high], [place, place], color=colour, linewidth=1.8)
            axes.plot([segment.gain], [place], color=colour, marker="o", markersize=5)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_yticks(range(len(lines)), [label for label, _ in lines], fontsize=9)
    axes.tick_params(axis="y", length=0)
    for label, (_, segment) in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_parse_math(False)  # a class may hold a dollar sign
        label.set_fontweight("bold" if segment is None else "normal")
    finish(axes, "", f"difference in {gains.figure}", "", grid="x")
    title = f"{gains.ours}\n− {gains.reference}, n = {gains.segments[0].users:,} users"
    figure.suptitle(title, fontsize=SIZE, parse_math=False)
    return figure


def _lines(gains: Gains) -> list[tuple[str, Segment | None]]:
    """Labels from top to bottom: a heading without a segment, where a group begins, and its segments."""
    lines: list[tuple[str, Segment | None]] = []
    group = gains.segments[0].group
    for segment in gains.segments:
        if segment.group != group:
            group = segment.group
            lines.append((_short(group), None))
        lines.append((f"{_short(segment.value)} (n = {segment.users:,})", segment))
    return lines


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def colour_of(segment: Segment) -> str:
    """By what the interval says."""
    return BLUE if segment.low > 0 else ORANGE if segment.high < 0 else GREY


def gains_table(gains: Gains) -> Table:
    """The figure's numbers, with the shares of users who are served better and worse."""
    rows = tuple(
        (
            segment.group,
            "" if segment.group == segment.value else segment.value,
            f"{segment.users:,}",
            f"{segment.reference:.4f}",
            f"{segment.ours:.4f}",
            f"{segment.gain:+.4f}",
            _interval(segment),
            f"{segment.gain_share:.0%}",
            f"{segment.loss_share:.0%}",
        )
        for segment in gains.segments
    )
    columns = ("by", "segment", "users", "reference", "method", "difference", "95 % interval", "gain", "lose")
    title = f"Mean {gains.figure} of the method ({gains.ours}) and the reference ({gains.reference})"
    return Table(title, columns, rows, words=2)


def _interval(segment: Segment) -> str:
    return f"{segment.low:+.4f} to {segment.high:+.4f}" if np.isfinite([segment.low, segment.high]).all() else "–"
