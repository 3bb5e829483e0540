"""Figures of a run. They are returned, never shown or saved, and touch no global state of matplotlib."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tasks.reporting.labels import figure_label, question_label
from tasks.reporting.palette import BLUE, GREEN, GREY, VERMILION, styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

History = Sequence[Mapping[str, float]]
"""Figures per epoch, oldest first; ``epoch`` (from 0) is among them."""


def loss_plot(history: History) -> "Figure":
    """Losses of generator and critic, and the critic's accuracy, per epoch.

    Args:
        history: With ``loss/generator`` and ``loss/critic``; ``critic/accuracy_real`` and
            ``critic/accuracy_fake`` are drawn where they are there.

    Raises:
        ValueError: There is no epoch, or a loss is missing.

    """
    if not history or any(name not in history[0] for name in ("epoch", "loss/generator", "loss/critic")):
        names = sorted(history[0]) if history else []
        raise ValueError(f"expected epochs with epoch, loss/generator and loss/critic, got {len(history)} with {names}")
    figure = _figure(9.0, 3.8)
    losses, accuracy = figure.subplots(1, 2)
    epochs = [record["epoch"] + 1 for record in history]
    # One epoch is a point: a line through it would not be seen.
    marker = "o" if len(epochs) <= 30 else ""
    for name, colour, dashes, label in (
        ("loss/critic", BLUE, "--", "critic"),
        ("loss/generator", VERMILION, "-", "generator"),
    ):
        losses.plot(
            epochs, _series(history, name), color=colour, linestyle=dashes, marker=marker, markersize=3, label=label
        )
    plural = "" if len(epochs) == 1 else "s"
    _finish(losses, f"Losses, {len(epochs)} epoch{plural}", "epoch", "mean loss of the epoch")
    for name, colour, dashes, label in (
        ("critic/accuracy_real", GREEN, "--", "real profiles"),
        ("critic/accuracy_fake", VERMILION, "-", "generated profiles"),
    ):
        values = 100 * _series(history, name)
        accuracy.plot(epochs, values, color=colour, linestyle=dashes, marker=marker, markersize=3, label=label)
    accuracy.axhline(50, color=GREY, linewidth=1, linestyle=":", label="cannot tell them apart")
    accuracy.set_ylim(-2, 102)
    for axes in (losses, accuracy):
        axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    _finish(accuracy, "Critic, share judged right", "epoch", "accuracy (%)")
    return figure


def accuracy_by_shots(
    cells: pl.DataFrame, question: str, metric: str = "hit_rate", k: int = 10, methods: Sequence[str] | None = None
) -> "Figure":
    """An accuracy figure against the number of known events, per method, with 95 % bands over users.

    Args:
        cells: ``Evaluation.cells``.
        question: Which question to draw.
        metric: Name of the metric.
        k: Its cut.
        methods: Methods to draw, in the order of the legend; all by default.

    Raises:
        ValueError: There is nothing to draw.

    """
    chosen = cells.filter(
        (pl.col("question") == question)
        & (pl.col("metric") == metric)
        & (pl.col("k") == k)
        & (pl.col("variant") == "")
        & (pl.col("shots") != "mean")
    )
    shots = chosen["shots"].unique(maintain_order=True).to_list()
    names = [name for name in methods or chosen["method"].unique(maintain_order=True) if name in set(chosen["method"])]
    if not names:
        raise ValueError(f"no figures of {metric} at {k} for {question}: cells hold {_held(cells)}")
    figure = _figure(8.6, 4.4)
    axes = figure.subplots()
    style = styles(names)
    for name in names:
        rows = {row["shots"]: row for row in chosen.filter(pl.col("method") == name).iter_rows(named=True)}
        look = style[name]
        values, low, high = (
            np.array([_number(rows.get(one, {}).get(column)) for one in shots])
            for column in ("value", "ci_low", "ci_high")
        )
        place = np.arange(len(shots))
        axes.fill_between(place, low, high, color=look.colour, alpha=0.12, linewidth=0)
        axes.plot(place, values, color=look.colour, linestyle=look.dashes, marker=look.marker, markersize=5, label=name)
    users = {row["shots"]: row["users"] for row in chosen.filter(pl.col("method") == names[0]).iter_rows(named=True)}
    same = len(set(users.values())) == 1
    axes.set_xticks(range(len(shots)), [one if same else f"{one}\nn = {users.get(one, 0):,}" for one in shots])
    population = f"n = {next(iter(users.values())):,} users, " if same else ""
    title = f"{figure_label(metric, k)}: {question_label(question)}\n{population}bands: 95 % bootstrap over users"
    _finish(axes, title, "known events (shots)", figure_label(metric, k), legend=False)
    figure.legend(loc="outside right center", frameon=False, fontsize=9, handlelength=3.2)
    return figure


def _figure(width: float, height: float) -> "Figure":
    """An empty figure of this size in inches, drawn by Agg, outside pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _finish(axes: "Axes", title: str, x: str, y: str, *, legend: bool = True) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.legend(frameon=False, fontsize=9)


def _series(history: History, name: str) -> np.ndarray:
    return np.array([record.get(name, nan) for record in history])


def _number(value: float | None) -> float:
    return nan if value is None else value


def _held(cells: pl.DataFrame) -> str:
    held = cells.select("question", "metric", "k").unique(maintain_order=True)
    return ", ".join("/".join(str(part) for part in row) for row in held.iter_rows()) or "nothing"
