"""Figures of real users beside generated ones: real always dark, generated always the accent."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.reporting.canvas import blank, finish, whole_numbers
from tasks.reporting.palette import GENERATED, REAL
from tasks.reporting.report.comparison import (
    Cooccurrence,
    Neighbours,
    PopularityCurve,
    ProfileLengths,
    Projection,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 4.6
"""Inches: text of 9 points stays readable when a phone shows it 340 pixels wide."""
SIZE = 10
"""Points of a title."""


def projection_figure(projection: Projection) -> "Figure":
    """Users in the plane of two principal components, fitted on real training users only."""
    figure = blank(WIDTH, 4.0)
    axes = figure.subplots()
    for points, colour, marker, label in (
        (projection.real, REAL, "o", f"real, n = {len(projection.real):,}"),
        (projection.generated, GENERATED, "x", f"generated, n = {len(projection.generated):,}"),
    ):
        axes.scatter(points[:, 0], points[:, 1], s=16, c=colour, marker=marker, linewidths=1.1, alpha=0.7, label=label)
    first, second = (100 * share for share in projection.explained)
    finish(
        axes,
        "New users in two principal components\nof real training users (profiles of unit length)",
        f"first component ({first:.1f} % of variance)",
        f"second component ({second:.1f} % of variance)",
        size=SIZE,
        grid="both",
    )
    axes.legend(frameon=False, fontsize=9)
    return figure


def popularity_figure(curve: PopularityCurve) -> "Figure":
    """Share of all events against the rank of the item, both axes logarithmic."""
    from matplotlib.ticker import LogFormatter, StrMethodFormatter

    figure = blank(WIDTH, 3.6)
    axes = figure.subplots()
    for counts, colour, dashes, label in (
        (curve.real, REAL, "-", "real"),
        (curve.generated, GENERATED, "--", "generated"),
    ):
        taken = counts[counts > 0]
        rank, share = np.arange(1, len(taken) + 1), 100 * taken / max(1, counts.sum())
        axes.plot(rank, share, color=colour, linestyle=dashes, label=f"{label}, n = {counts.sum():,} events")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
    title = f"Popularity against rank, {len(curve.real):,} items"
    finish(axes, title, "rank of the item (1 = most popular)", "share of events (%)", size=SIZE, grid="both")
    axes.legend(frameon=False, fontsize=9)
    return figure


def lengths_figure(lengths: ProfileLengths) -> "Figure":
    """Shares of users by number of items, in shared bins."""
    figure = blank(WIDTH, 3.8)
    axes = figure.subplots()
    edges = _bins(np.concatenate([lengths.real, lengths.generated]))
    looks: tuple[dict[str, Any], ...] = (
        {"color": REAL, "alpha": 0.45, "label": lengths.real_label},
        {"color": GENERATED, "histtype": "step", "linewidth": 2.0, "label": lengths.generated_label},
    )
    for counts, look in zip((lengths.real, lengths.generated), looks, strict=True):
        if len(counts):
            weights = np.full(len(counts), 100 / len(counts))
            look["label"] += f", n = {len(counts):,}"
            axes.hist(counts, bins=edges.tolist(), weights=weights, **look)
    whole_numbers(axes)
    finish(axes, "Items per user", "items", "share of users (%)", size=SIZE)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9)
    return figure


def cooccurrence_figures(pairs: Cooccurrence) -> tuple["Figure", "Figure", "Figure"]:
    """Real, generated and generated − real; the first two share one scale of colours."""
    most = max(float(pairs.real.max()), float(pairs.generated.max()), 1e-9)
    apart = max(float(np.abs(pairs.difference).max()), 1e-9)
    return (
        _heat(pairs.real, "Real", "cividis", 0.0, most),
        _heat(pairs.generated, "Generated", "cividis", 0.0, most),
        _heat(pairs.difference, "Generated − real", "PuOr_r", -apart, apart),
    )


def _heat(values: NDArray[np.floating], title: str, colours: str, low: float, high: float) -> "Figure":
    figure = blank(3.2, 3.0)
    axes = figure.subplots()
    off = np.where(np.eye(len(values), dtype=bool), np.nan, values)  # an item with itself says nothing
    picture = axes.imshow(off, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    finish(axes, f"{title}, {len(values)} items", "item", "item", size=SIZE)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    bar = figure.colorbar(picture, ax=axes, shrink=0.85)
    bar.ax.tick_params(labelsize=8)
    return figure


def neighbours_figure(neighbours: Neighbours) -> "Figure":
    """Cumulative shares of users by distance to the nearest other user."""
    figure = blank(WIDTH, 4.3)
    axes = figure.subplots()
    for distances, colour, dashes, label in (
        (neighbours.new_to_training, REAL, "-", "real new user → training users"),
        (neighbours.generated_to_training, GENERATED, "-", "generated → training users"),
        (neighbours.generated_to_new, GENERATED, ":", "generated → other new users"),
    ):
        share = 100 * np.arange(1, len(distances) + 1) / max(1, len(distances))
        look: dict[str, Any] = {"color": colour, "linestyle": dashes, "label": f"{label}, n = {len(share):,}"}
        axes.step(np.sort(distances), share, where="post", **look)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, 101)
    title = "Distance to the nearest other user"
    finish(axes, title, "cosine distance (0 same items, 1 none in common)", "users at most so far away (%)", size=SIZE)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9)
    return figure


def _bins(lengths: NDArray[np.integer]) -> NDArray[np.floating]:
    """Edges of at most 30 bins of whole numbers that cover all lengths but the longest hundredth."""
    if len(lengths) == 0:
        return np.array([-0.5, 0.5])
    last = int(np.quantile(lengths, 0.99, method="inverted_cdf"))
    first = int(lengths.min())
    step = max(1, -(-(last - first + 1) // 30))
    return np.arange(first, last + step + 1, step) - 0.5
