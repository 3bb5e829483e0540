"""Figures of a run. They are returned, never shown or saved, and touch no global state of matplotlib."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tasks.reporting.canvas import blank, finish, whole_numbers
from tasks.reporting.labels import figure_label, question_label
from tasks.reporting.palette import BLUE, GENERATED, GREY, REAL, styles

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
    figure = blank(9.0, 3.8)
    losses, accuracy = figure.subplots(1, 2)
    draw_losses(losses, history)
    draw_critic_accuracy(accuracy, history)
    return figure


def draw_losses(axes: "Axes", history: History) -> None:
    """Mean loss of generator and critic per epoch."""
    for name, colour, dashes, label in (
        ("loss/critic", BLUE, "--", "critic"),
        ("loss/generator", GENERATED, "-", "generator"),
    ):
        draw_epochs(axes, history, _series(history, name), color=colour, linestyle=dashes, label=label)
    finish(axes, f"Losses, {_epochs(history)}", "epoch", "mean loss of the epoch")
    axes.legend(frameon=False, fontsize=9)


def draw_critic_accuracy(axes: "Axes", history: History) -> None:
    """Share of real and of generated profiles that the critic judges right, in percent, per epoch."""
    for name, colour, dashes, label in (
        ("critic/accuracy_real", REAL, "--", "real profiles"),
        ("critic/accuracy_fake", GENERATED, "-", "generated profiles"),
    ):
        draw_epochs(axes, history, 100 * _series(history, name), color=colour, linestyle=dashes, label=label)
    axes.axhline(50, color=GREY, linewidth=1, linestyle=":", label="cannot tell them apart")
    axes.set_ylim(-2, 102)
    finish(axes, f"Critic, share judged right, {_epochs(history)}", "epoch", "accuracy (%)")
    axes.legend(frameon=False, fontsize=9)


def draw_epochs(axes: "Axes", history: History, values: np.ndarray, **look: Any) -> None:
    """A line over epochs, counted from 1.

    Args:
        axes: Where to draw.
        history: Says which epochs there are.
        values: float (epochs,), nan where nothing was measured.
        look: Colour, dashes and label, as for ``Axes.plot``.

    """
    epochs = [record["epoch"] + 1 for record in history]
    # One epoch is a point: a line through it would not be seen.
    axes.plot(epochs, values, marker="o" if len(epochs) <= 30 else "", markersize=3, **look)
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    whole_numbers(axes)


def accuracy_by_shots(
    cells: pl.DataFrame,
    question: str,
    metric: str = "hit_rate",
    k: int = 10,
    methods: Sequence[str] | None = None,
    *,
    narrow: bool = False,
) -> "Figure":
    """An accuracy figure against the number of known events, per method, with 95 % bands over users.

    Args:
        cells: ``Evaluation.cells``.
        question: Which question to draw.
        metric: Name of the metric.
        k: Its cut.
        methods: Methods to draw, in the order of the legend; all by default.
        narrow: For a phone: the legend stands below.

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
    figure = blank(4.6, 4.4) if narrow else blank(8.6, 4.4)
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
    finish(axes, title, "known events (shots)", figure_label(metric, k), size=10 if narrow else 11)
    stands: dict[str, Any] = {"loc": "outside lower center", "ncols": 2} if narrow else {"loc": "outside right center"}
    figure.legend(frameon=False, fontsize=9, handlelength=3.2, **stands)
    return figure


def _epochs(history: History) -> str:
    return f"{len(history)} epoch" + ("" if len(history) == 1 else "s")


def _series(history: History, name: str) -> np.ndarray:
    return np.array([record.get(name, nan) for record in history])


def _number(value: float | None) -> float:
    return nan if value is None else value


def _held(cells: pl.DataFrame) -> str:
    held = cells.select("question", "metric", "k").unique(maintain_order=True)
    return ", ".join("/".join(str(part) for part in row) for row in held.iter_rows()) or "nothing"
