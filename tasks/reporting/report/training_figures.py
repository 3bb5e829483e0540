"""Figures of the training: losses, the critic, the choice of the checkpoint, and the tripwires."""

from typing import TYPE_CHECKING

import numpy as np

from tasks.reporting.canvas import blank, finish
from tasks.reporting.palette import BLUE, GENERATED, GREY, VERMILION
from tasks.reporting.plots import draw_critic_accuracy, draw_epochs, draw_losses
from tasks.reporting.report.content import Training, Tripwire
from tasks.reporting.report.realism_figures import SIZE, WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def losses_figure(training: Training) -> "Figure":
    """Mean loss of generator and critic per epoch."""
    figure = blank(WIDTH, 3.2)
    draw_losses(figure.subplots(), training.history)
    return figure


def critic_figure(training: Training) -> "Figure":
    """Share of profiles that the critic judges right, per epoch."""
    figure = blank(WIDTH, 3.2)
    draw_critic_accuracy(figure.subplots(), training.history)
    return figure


def checkpoint_figure(training: Training) -> "Figure":
    """The figure that chose the checkpoint, per epoch, and the epoch that was chosen."""
    figure = blank(WIDTH, 3.2)
    axes = figure.subplots()
    values = np.array([record.get(training.monitor, np.nan) for record in training.history])
    draw_epochs(axes, training.history, values, color=BLUE, linestyle="-", label="with virtual behaviour")
    axes.axvline(training.best_epoch, color=GREY, linestyle=":", label=f"chosen: epoch {training.best_epoch}")
    finish(axes, "What chose the checkpoint (tuning users, half A)", "epoch", "NDCG@10, mean over s ≥ 1", size=SIZE)
    axes.legend(frameon=False, fontsize=9)
    return figure


def tripwire_figure(tripwire: Tripwire, training: Training) -> "Figure":
    """A measure per epoch; its bounds are dotted, values outside are crossed."""
    figure = blank(3.2, 2.2)
    axes = figure.subplots()
    values = np.array(tripwire.values)
    draw_epochs(axes, training.history, values, color=GENERATED, linestyle="-")
    for bound in (tripwire.least, tripwire.most):
        if bound is not None:
            axes.axhline(bound, color=VERMILION, linestyle=":", linewidth=1.4)
    outside = np.array(tripwire.outside)
    epochs = np.array([record["epoch"] + 1 for record in training.history])
    axes.plot(epochs[outside], values[outside], color=VERMILION, marker="X", markersize=7, linestyle="")
    finish(axes, tripwire.name.replace("_", " "), "epoch", "value", size=SIZE)
    return figure
