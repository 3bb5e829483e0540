"""Pictures and the table of the section on explanations."""

from collections.abc import Iterator

import polars as pl

from tasks.evaluation.evaluation import MEAN
from tasks.explanation.curves import DELETION, EXPLANATION, FIRST, INSERTION, RANDOM
from tasks.reporting.labels import explanation_label, scorer_label
from tasks.reporting.report.pictures import Picture, drawing, photograph
from tasks.reporting.report.reason_figures import attention_figure, curves_figure, similar_figure
from tasks.reporting.report.reasons import AttentionMap, Reasons
from tasks.reporting.tables import Table

_SHOTS = "5"
"""Curves are drawn at this number of known events, or the nearest that was measured."""


def curve_pictures(reasons: Reasons) -> tuple[Picture, ...]:
    """Deletion and insertion, one picture per explanation and score."""
    pictures = []
    for own in reasons.curves.partition_by("explanation", "scorer", maintain_order=True):
        rows = own.filter(pl.col("shots") == _nearest(own["shots"].unique(maintain_order=True).to_list()))
        first = rows.row(0, named=True)
        about = f"{explanation_label(first['explanation'])} against {scorer_label(first['scorer'])}"
        after = ", ".join(f"{_first_step(rows, order):+.3f} {order}" for order in (EXPLANATION, RANDOM))
        alt = f"Deletion and insertion curves: {about}. Log probability after the first item taken away: {after}."
        caption = f"{about}: without the first item, {after} (nats)."
        pictures.append(drawing(curves_figure(rows), alt, caption))
    return tuple(pictures)


def map_pictures(maps: tuple[AttentionMap, ...]) -> tuple[Picture, ...]:
    """Attention over the profile, and users alike, for each user."""
    return tuple(picture for number, shown in enumerate(maps, start=1) for picture in _of_user(shown, number))


def differences_table(reasons: Reasons) -> Table:
    """How much better than a random order each explanation does."""
    rows = []
    chosen = reasons.differences.filter(pl.col("against") == RANDOM)
    for own in chosen.partition_by("explanation", "scorer", "shots", maintain_order=True):
        cells = {row["curve"]: _cell(row) for row in own.iter_rows(named=True)}
        first = own.row(0, named=True)
        shots = "all numbers" if first["shots"] == MEAN else first["shots"]
        words = (explanation_label(first["explanation"]), scorer_label(first["scorer"]), shots)
        rows.append((*words, f"{first['n_users']:,}", *(cells[curve] for curve in (FIRST, DELETION, INSERTION))))
    columns = ("explanation", "against", "known events", "users", "first item", "deletion", "insertion")
    title = "Explanation beside random orders (nats; above 0 the explanation does better), with 95 % intervals"
    return Table(title, columns, tuple(rows), words=3)


def _cell(row: dict[str, float]) -> str:
    return f"{row['value']:+.3f} ({row['ci_low']:+.3f} to {row['ci_high']:+.3f})"


def _nearest(shots: list[str]) -> str:
    numbers = [one for one in shots if one.isdigit()]
    return min(numbers, key=lambda one: abs(int(one) - int(_SHOTS))) if numbers else shots[0]


def _first_step(rows: pl.DataFrame, order: str) -> float:
    own = rows.filter((pl.col("curve") == DELETION) & (pl.col("order") == order)).sort("share")
    return float(own["value"][1])


def _of_user(shown: AttentionMap, number: int) -> Iterator[Picture]:
    best = int(shown.attention.argmax())
    alt = (
        f"Heat map: attention of user {number} to {len(shown.items)} items of the profile, most to {shown.items[best]} "
        f"({shown.attention[best]:.0%}), and what each says for {len(shown.recommended)} recommended items."
    )
    caption = "First column: where attention goes. Others: whose word it is that speaks for a recommended item."
    yield photograph(attention_figure(shown, number), alt, caption)
    similar = shown.neighbours
    if len(similar.real):
        share = similar.virtual.sum() / max(float((similar.real + similar.virtual).sum()), 1e-9)
        alt = (
            f"Bar chart: similarity of {len(similar.real)} training users to user {number}, at most "
            f"{float((similar.real + similar.virtual).max()):.2f}; {share:.0%} of it through virtual items."
        )
        caption = f"{share:.0%} of the similarity comes from virtual items."
        if not similar.virtual.any():
            caption = (
                "All of the similarity comes from real items: attention over virtual ones counts for nothing here."
            )
        yield drawing(similar_figure(similar, number), alt, caption)
