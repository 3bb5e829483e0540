"""Figures of explanations: deletion and insertion curves, attention over a profile, users alike."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tasks.explanation.curves import CURVES_SHOWN, ORDERS
from tasks.reporting.canvas import blank, finish
from tasks.reporting.labels import explanation_label, scorer_label
from tasks.reporting.palette import BLUE, GENERATED, GREY, ORANGE, REAL
from tasks.reporting.report.realism_figures import SIZE, WIDTH
from tasks.reporting.report.reasons import AttentionMap, SimilarUsers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_TITLE = 24
"""Characters of a title in a figure."""
_LOOKS = dict(zip(ORDERS, ((BLUE, "-", "o"), (GREY, "--", "s"), (ORANGE, ":", "^")), strict=True))
_NAMES = dict(zip(ORDERS, ("in the order of the explanation", "in random order", "in reversed order"), strict=True))
_DOES = {"deletion": "taken away", "insertion": "added"}


def curves_figure(curves: pl.DataFrame) -> "Figure":
    """Deletion above, insertion below, of one explanation against one score at one number of shots.

    Args:
        curves: Its rows of ``Faithfulness.curves``.

    """
    figure = blank(WIDTH, 5.6)
    panels = figure.subplots(2, 1, sharey=True)
    for axes, kind in zip(panels, CURVES_SHOWN, strict=True):
        own = curves.filter(pl.col("curve") == kind)
        for order in ORDERS:
            rows = own.filter(pl.col("order") == order).sort("share")
            share, value, low, high = (rows[name].to_numpy() for name in ("share", "value", "ci_low", "ci_high"))
            colour, dashes, marker = _LOOKS[order]
            axes.fill_between(100 * share, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(
                100 * share, value, color=colour, linestyle=dashes, marker=marker, markersize=4, label=_NAMES[order]
            )
        finish(axes, kind.capitalize(), f"known events {_DOES[kind]} (%)", "log probability,\nchange (nats)", size=SIZE)
    first = curves.row(0, named=True)
    events = "all known events" if first["shots"] == "all" else f"{first['shots']} known events"
    figure.suptitle(
        f"{explanation_label(first['explanation'])}\nagainst {scorer_label(first['scorer'])}\n"
        f"n = {first['n_users']:,} users, {events}; bands: 95 %",
        fontsize=SIZE,
    )
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", frameon=False, fontsize=9, handlelength=3.2)
    return figure


def attention_figure(shown: AttentionMap, number: int) -> "Figure":
    """Attention to the items of a profile, and what share of the case for each recommended item is theirs."""
    from matplotlib import colormaps

    columns = ("attention", *(_short(title) for title in shown.recommended))
    cells = 100 * np.column_stack([shown.attention, shown.speaks])
    figure = blank(WIDTH, 2.3 + 0.27 * len(shown.items))
    axes = figure.subplots()
    masked, most = np.ma.masked_invalid(cells), max(float(np.nanmax(cells)), 1e-9)
    colours = colormaps["cividis"].with_extremes(bad="#eeeeee")
    picture = axes.imshow(masked, cmap=colours, vmin=0, vmax=most, aspect="auto", interpolation="nearest")
    for row, column in np.argwhere(~np.isnan(cells)):
        dark = cells[row, column] < 0.55 * most
        text: dict[str, Any] = {"color": "white" if dark else "black", "fontsize": 7, "ha": "center", "va": "center"}
        axes.text(column, row, f"{cells[row, column]:.0f}", **text)
    finish(axes, "", "", "", size=SIZE)
    axes.grid(visible=False)
    names = [
        f"{_short(title)} (virtual)" if made_up else _short(title)
        for title, made_up in zip(shown.items, shown.is_virtual, strict=True)
    ]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xticks(range(len(columns)), columns, fontsize=8, rotation=40, ha="right", rotation_mode="anchor")
    for label in (*axes.get_yticklabels(), *axes.get_xticklabels()):
        label.set_parse_math(False)  # a title may hold a dollar sign
    for label, made_up in zip(axes.get_yticklabels(), shown.is_virtual, strict=True):
        label.set_fontstyle("italic" if made_up else "normal")
    axes.axvline(0.5, color="white", linewidth=3)
    if shown.is_virtual.any() and not shown.is_virtual.all():
        axes.axhline(int((~shown.is_virtual).sum()) - 0.5, color="white", linewidth=3)
    figure.colorbar(picture, ax=axes, shrink=0.9, label="share (%)").ax.tick_params(labelsize=8)
    real, made_up = int((~shown.is_virtual).sum()), int(shown.is_virtual.sum())
    items = f"{real} known and {made_up} virtual items" if made_up else f"{real} known items"
    figure.suptitle(f"User {number}: attention to {items} (%)", fontsize=SIZE)
    return figure


def similar_figure(similar: SimilarUsers, number: int) -> "Figure":
    """Similarity of the training users most attended to: what real items carry of it, and what virtual ones."""
    count = len(similar.real)
    figure = blank(WIDTH, 1.9 + 0.24 * count)
    axes = figure.subplots()
    places = np.arange(count)
    axes.barh(places, similar.real, color=REAL, label="real items")
    if similar.virtual.any():
        looks: dict[str, Any] = {"color": GENERATED, "hatch": "//", "edgecolor": "white", "label": "virtual items"}
        axes.barh(places, similar.virtual, left=similar.real, **looks)
    axes.set_yticks(places, [f"{place + 1} ({share:.1%})" for place, share in enumerate(similar.attention)], fontsize=8)
    axes.set_ylim(count - 0.4, -0.6)
    finish(axes, "", "cosine similarity (0 nothing in common, 1 the same)", "training user (attention)", grid="x")
    figure.suptitle(f"User {number}: the {count} training users most attended to", fontsize=SIZE)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
