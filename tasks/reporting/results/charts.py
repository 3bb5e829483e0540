"""Charts of the page: SVG files that are the same byte for byte whenever their figures are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tasks.method_names import HYBRID, VIRTUAL
from tasks.reporting.canvas import blank, plain_style
from tasks.reporting.palette import BLUE, GREY, VERMILION
from tasks.reporting.plots import accuracy_by_shots
from tasks.reporting.results.wording import image_name
from tasks.results.figures import REFERENCE
from tasks.results.lookup import Lookup, Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS = ("ndcg", "hit_rate")
_LINES = {
    HYBRID: (VERMILION, "-", "o", 2.4),
    REFERENCE: (BLUE, "--", "s", 1.6),
    "popularity": (GREY, ":", "", 1.6),
}
"""Colour, dashes, marker and width of the headline's lines."""


def shown_methods(lookup: Lookup, place: Place) -> tuple[str, ...]:
    """The few lines of a chart: hybrid, reference, popularity, strongest CF, generator, strongest ``<cf>_virtual``."""
    virtual = [name for name in place.of_role("ours") if name.endswith(VIRTUAL)]
    plain = [name for name in place.of_role("baseline") if "popularity" not in name]
    chosen = (HYBRID, REFERENCE, "popularity", _strongest(lookup, place, plain), "generator")
    return tuple(
        name for name in (*chosen, _strongest(lookup, place, virtual)) if name and _measured(lookup, place, name)
    )


def accuracy_figure(lookup: Lookup, place: Place, metric: str) -> "Figure":
    """A figure at 10 against the number of shots, with 95 % bands over users."""
    names = shown_methods(lookup, place)
    figure = accuracy_by_shots(_cells(lookup, place, metric, names), place.question, metric, 10, names)
    (axes,) = figure.axes
    axes.set_title(f"{place.dataset}, {axes.get_title()}", fontsize=11)
    return figure


def write_charts(lookup: Lookup, folder: Path) -> tuple[Path, ...]:
    """Draw every data set and question into a folder, made if missing; methods that were not run are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for place in lookup.places:
        for metric in METRICS:
            if any(_measured(lookup, place, name, metric) for name in shown_methods(lookup, place)):
                with plain_style():
                    _save(accuracy_figure(lookup, place, metric), folder / image_name(place, metric))
                written.append(folder / image_name(place, metric))
    return tuple(written)


def headline_figure(lookup: Lookup, path: Path) -> Path | None:
    """NDCG@10 of hybrid, reference and popularity against the number of shots, one panel per data set.

    The question is ``next_visits``, or each data set's first where none answers it.

    Args:
        lookup: The summary.
        path: An SVG file; its folder is made if missing.

    Returns:
        The path; None where there is nothing to draw.

    """
    places = [place for place in lookup.places if place.question == "next_visits"]
    places = places or list({place.dataset: place for place in reversed(lookup.places)}.values())[::-1]
    places = [place for place in places if any(_measured(lookup, place, name) for name in _LINES)]
    if not places:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    with plain_style():
        figure = blank(3.3 * len(places) + 0.4, 3.4)
        panels = figure.subplots(1, len(places), squeeze=False)[0]
        for place, axes in zip(places, panels, strict=True):
            _draw(axes, lookup, place)
        panels[0].set_ylabel("NDCG@10")
        lines = {line.get_label(): line for axes in panels for line in axes.get_lines()}
        names = [name for name in _LINES if name in lines]
        figure.legend([lines[name] for name in names], names, loc="outside lower center", ncols=3, frameon=False)
        _save(figure, path)
    return path


def _draw(axes: "Axes", lookup: Lookup, place: Place) -> None:
    for name, (colour, dashes, marker, width) in _LINES.items():
        entries = [(n, entry) for n, shots in enumerate(place.shots) if (entry := lookup.at(place, name, shots))]
        if not entries:
            continue
        where, values = [n for n, _ in entries], [entry.value for _, entry in entries]
        low, high = (
            [entry.value if bound is None else bound for (_, entry), bound in zip(entries, bounds, strict=True)]
            for bounds in ([entry.low for _, entry in entries], [entry.high for _, entry in entries])
        )
        axes.fill_between(where, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.plot(
            where, values, color=colour, linestyle=dashes, marker=marker, markersize=5, linewidth=width, label=name
        )
    users = max(entry.users for name in _LINES for shots in place.shots if (entry := lookup.at(place, name, shots)))
    axes.set_title(f"{place.dataset}\n{users:,} new users", fontsize=10)
    axes.set_xticks(range(len(place.shots)), list(place.shots))
    axes.set_xlabel("known events (shots)")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _cells(lookup: Lookup, place: Place, metric: str, names: Sequence[str]) -> pl.DataFrame:
    """What ``accuracy_by_shots`` draws; shots in their order."""
    rows = [
        (place.question, name, shots, metric, 10, "", entry.value, entry.low, entry.high, entry.users)
        for shots in place.shots
        for name in names
        if (entry := lookup.at(place, name, shots, metric))
    ]
    columns = ("question", "method", "shots", "metric", "k", "variant", "value", "ci_low", "ci_high", "users")
    kinds = (
        pl.String,
        pl.String,
        pl.String,
        pl.String,
        pl.Int32,
        pl.String,
        pl.Float64,
        pl.Float64,
        pl.Float64,
        pl.Int64,
    )
    return pl.DataFrame(rows, schema=dict(zip(columns, kinds, strict=True)), orient="row")


def _strongest(lookup: Lookup, place: Place, names: Sequence[str]) -> str | None:
    """The highest NDCG@10 in the mean over s ≥ 1."""
    found = {name: round(entry.value, 9) for name in names if (entry := lookup.at(place, name, "mean"))}
    return max(found, key=lambda name: found[name]) if found else None


def _measured(lookup: Lookup, place: Place, name: str, metric: str = "ndcg") -> bool:
    return any(lookup.at(place, name, shots, metric) for shots in place.shots)


def _save(figure: "Figure", path: Path) -> None:
    """Without date and version, which would differ between two drawings of the same."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
