"""What a sweep found, as a figure: returned, never shown or saved."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.reporting.palette import BLUE, GREY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_WIDE = 30.0
"""Largest over smallest value from which a positive parameter is drawn on a logarithmic axis."""
_LONGEST = 18


def objective_by_parameters(
    points: Sequence[tuple[Mapping[str, Any], float]], objective: str, title: str, *, maximize: bool = True
) -> "Figure":
    """The objective against each parameter, one panel per parameter, the best trial in another colour.

    Args:
        points: Of each finished trial its values by name, and the objective.
        objective: Name of the objective, label of the vertical axis.
        title: Of the figure.
        maximize: Whether the best trial has the largest objective.

    Raises:
        ValueError: There is no trial.

    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not points:
        raise ValueError("expected at least one finished trial, got none")
    names = list(dict.fromkeys(name for values, _ in points for name in values))
    columns = min(_COLUMNS, len(names))
    rows = ceil(len(names) / columns)
    figure = Figure(figsize=(1.2 + 3.4 * columns, 0.9 + 3.0 * rows), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    best = (max if maximize else min)(range(len(points)), key=lambda place: points[place][1])
    for place, axes in enumerate(grid.ravel()):
        if place < len(names):
            _panel(axes, names[place], points, best)
        else:
            axes.set_visible(False)
    for row in grid:
        row[0].set_ylabel(_last_parts(objective))
    told = f"{len(points)} finished trials, the best ({points[best][1]:.4f}) starred; bars are means of a choice"
    figure.suptitle(f"{title}\n{told}", fontsize=11)
    return figure


def _panel(axes: "Axes", name: str, points: Sequence[tuple[Mapping[str, Any], float]], best: int) -> None:
    from matplotlib.ticker import MaxNLocator

    own = [(place, values[name], value) for place, (values, value) in enumerate(points) if name in values]
    given = [value for _, value, _ in own]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        across = np.array(given, dtype=np.float64)
        if across.min() > 0 and across.max() / across.min() >= _WIDE:
            axes.set_xscale("log")
        elif all(isinstance(value, int) for value in given):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    else:
        kinds = list(dict.fromkeys(str(value) for value in given))
        across = np.array([kinds.index(str(value)) for value in given], dtype=np.float64)
        axes.set_xticks(range(len(kinds)), [_cut(kind) for kind in kinds], rotation=20 if len(kinds) > 2 else 0)
        axes.set_xlim(-0.6, len(kinds) - 0.4)
        for kind in range(len(kinds)):
            mean = np.mean([value for at, (_, _, value) in zip(across, own, strict=True) if at == kind])
            axes.plot([kind - 0.2, kind + 0.2], [mean, mean], color=GREY, linewidth=2, zorder=1)
    is_best = np.array([place == best for place, _, _ in own])
    objective = np.array([value for _, _, value in own])
    axes.scatter(across[~is_best], objective[~is_best], color=BLUE, s=26, alpha=0.8)
    axes.scatter(across[is_best], objective[is_best], color=VERMILION, marker="*", s=150, zorder=3)
    axes.set_xlabel(name if len(name) < 2 * _LONGEST else "…" + name[-2 * _LONGEST :])
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _last_parts(objective: str) -> str:
    """``ndcg_at_10/mean (half A)`` of a whole name."""
    part, _, rest = objective.partition("/")
    return "/".join(rest.split("/")[-2:]) + " (half A)" if part == "val_a" else objective


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
