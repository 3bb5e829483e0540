"""Every figure of a report, drawn, with a caption and a text for who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import polars as pl

from tasks.reporting.canvas import plain_style
from tasks.reporting.labels import figure_label
from tasks.reporting.plots import accuracy_by_shots
from tasks.reporting.report.comparison import Gains, PopularityCurve, Realism
from tasks.reporting.report.content import Report, Results, Training
from tasks.reporting.report.gain_figures import gains_figure
from tasks.reporting.report.pictures import Picture, drawing, photograph
from tasks.reporting.report.realism_figures import (
    cooccurrence_figures,
    lengths_figure,
    neighbours_figure,
    popularity_figure,
    projection_figure,
)
from tasks.reporting.report.reason_pictures import curve_pictures, map_pictures
from tasks.reporting.report.training_figures import checkpoint_figure, critic_figure, losses_figure, tripwire_figure

_HEADLINE = (("hit_rate", 10), ("ndcg", 10))


@dataclass(frozen=True, slots=True)
class Album:
    """The figures by where they stand.

    Attributes:
        headline: HR@10 and NDCG@10 by shots.
        training: Losses, critic, choice of the checkpoint.
        tripwires: One per measure.
        realism: Components, popularity, lengths, distances.
        cooccurrence: Real, generated, difference.
        gains: One per comparison.
        reasons: One per explanation and score.
        attention: Two per user.

    """

    headline: tuple[Picture, ...]
    training: tuple[Picture, ...]
    tripwires: tuple[Picture, ...]
    realism: tuple[Picture, ...]
    cooccurrence: tuple[Picture, ...]
    gains: tuple[Picture, ...]
    reasons: tuple[Picture, ...]
    attention: tuple[Picture, ...]


def album_of(report: Report) -> Album:
    """Draw everything that there are numbers for."""
    with plain_style():
        return Album(
            headline=tuple(_headline(report.results, metric, k) for metric, k in _HEADLINE),
            training=_training(report.training),
            tripwires=_tripwires(report.training),
            realism=() if report.realism is None else _realism(report.realism),
            cooccurrence=() if report.realism is None else _cooccurrence(report.realism),
            gains=tuple(_gains(one) for one in report.gains if one.segments),
            reasons=() if report.reasons is None else curve_pictures(report.reasons),
            attention=() if report.reasons is None else map_pictures(report.reasons.maps),
        )


def _headline(results: Results, metric: str, k: int) -> Picture:
    figure = accuracy_by_shots(results.cells, results.question, metric, k, results.methods, narrow=True)
    label = figure_label(metric, k)
    values = _mean_cells(results, metric, k)
    means = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
    alt = f"Line chart of {label} against the number of known events. Means over s ≥ 1: {means}."
    return drawing(figure, alt, f"{label} by number of known events, {results.population}; bands are 95 % intervals.")


def _mean_cells(results: Results, metric: str, k: int) -> dict[str, float]:
    rows = results.cells.filter(
        (pl.col("question") == results.question)
        & (pl.col("metric") == metric)
        & (pl.col("k") == k)
        & (pl.col("variant") == "")
        & (pl.col("shots") == "mean")
    )
    found = dict(zip(rows["method"], rows["value"], strict=True))
    return {name: found[name] for name in results.methods if name in found}


def _training(training: Training) -> tuple[Picture, ...]:
    first, last = training.history[0], training.history[-1]
    epochs = len(training.history)
    pictures = [
        drawing(
            losses_figure(training),
            f"Line chart of losses over {epochs} epochs: generator from {first['loss/generator']:.3g} to "
            f"{last['loss/generator']:.3g}, critic from {first['loss/critic']:.3g} to {last['loss/critic']:.3g}.",
            "Losses of a GAN need not fall: each player is measured against the other.",
        )
    ]
    if "critic/accuracy_real" in last and "critic/accuracy_fake" in last:
        real, fake = last["critic/accuracy_real"], last["critic/accuracy_fake"]
        alt = (
            f"Line chart of the critic's accuracy; at the end {real:.0%} of real and {fake:.0%} of generated profiles."
        )
        caption = "Both lines near 50 %: the critic cannot tell generated from real profiles."
        pictures.append(drawing(critic_figure(training), alt, caption))
    if training.monitor:
        measured = [record[training.monitor] for record in training.history if training.monitor in record]
        alt = (
            f"Line chart of the figure that chose the checkpoint: {measured[0]:.4f} first, {max(measured):.4f} at best."
        )
        caption = f"The generator after epoch {training.best_epoch} served the tuning users best and is used below."
        pictures.append(drawing(checkpoint_figure(training), alt, caption))
    return tuple(pictures)


def _tripwires(training: Training) -> tuple[Picture, ...]:
    pictures = []
    for tripwire in training.tripwires:
        known = [value for value in tripwire.values if isfinite(value)]
        outside = sum(tripwire.outside)
        name = tripwire.name.replace("_", " ")
        if not known:
            continue
        alarm = f"outside its bounds in {outside} of {len(known)} epochs" if outside else "inside its bounds"
        state = alarm if tripwire.meaning else "no alarm is set on it"
        caption = f"{name}: {state}" + (f"; outside would say: {tripwire.meaning}" if tripwire.meaning else "")
        alt = f"Line chart of {name}, {known[0]:.3g} in the first and {known[-1]:.3g} in the last epoch, {state}."
        pictures.append(drawing(tripwire_figure(tripwire, training), alt, f"{caption}."))
    return tuple(pictures)


def _realism(realism: Realism) -> tuple[Picture, ...]:
    pictures = []
    if realism.projection is not None:
        centres = [
            ", ".join(f"{part:.2f}" for part in points.mean(axis=0))
            for points in (realism.projection.real, realism.projection.generated)
        ]
        pictures.append(
            photograph(
                projection_figure(realism.projection),
                f"Scatter plot of real and generated users; centre of the real ones ({centres[0]}), of the generated "
                f"ones ({centres[1]}).",
                f"Axes are fitted on {realism.training_users:,} real training users only. A generated cloud that is "
                "smaller than the real one has lost variety; one elsewhere makes users up that do not exist.",
            )
        )
    shares = [PopularityCurve.top_share(counts) for counts in (realism.popularity.real, realism.popularity.generated)]
    pictures.append(
        drawing(
            popularity_figure(realism.popularity),
            f"Line chart: the most popular tenth of the items has {shares[0]:.0%} of real and {shares[1]:.0%} of "
            "generated events.",
            f"The most popular tenth of the items has {shares[0]:.0%} of real and {shares[1]:.0%} of generated events. "
            "A steeper generated line collapses to popular items.",
        )
    )
    lengths = realism.lengths
    real, generated = (f"{np.median(one):.0f}" if len(one) else "none" for one in (lengths.real, lengths.generated))
    medians = f"Medians: {real} {lengths.real_label}, {generated} {lengths.generated_label}."
    pictures.append(
        drawing(
            lengths_figure(lengths),
            f"Histogram of items per user. {medians}",
            f"{medians} In the other figures generated profiles are as long as the real ones by design.",
        )
    )
    near = realism.neighbours
    middle = [np.median(one) for one in (near.new_to_training, near.generated_to_training, near.generated_to_new)]
    copies = [float((one < 1e-9).mean()) for one in (near.generated_to_training, near.new_to_training)]
    pictures.append(
        drawing(
            neighbours_figure(near),
            f"Cumulative distances; medians: real new users to training users {middle[0]:.2f}, generated to training "
            f"users {middle[1]:.2f}, generated to other new users {middle[2]:.2f}.",
            f"A generator that copies lies much closer to training users than real new users do. The very items of a "
            f"training user: {copies[0]:.1%} of generated, {copies[1]:.1%} of real new users.",
        )
    )
    return tuple(pictures)


def _cooccurrence(realism: Realism) -> tuple[Picture, ...]:
    pairs = realism.cooccurrence
    if pairs is None:
        return ()
    kinds = ("real users", "generated users", "generated − real")
    values = (pairs.real, pairs.generated, pairs.difference)
    pictures = []
    for figure, kind, matrix in zip(cooccurrence_figures(pairs), kinds, values, strict=True):
        alt = f"Heat map of item–item co-occurrence, {kind}: from {matrix.min():.2f} to {matrix.max():.2f}."
        pictures.append(photograph(figure, alt, kind.capitalize()))
    return tuple(pictures)


def _gains(gains: Gains) -> Picture:
    everybody = gains.segments[0]
    winners = _names(gains, better=True)
    alt = (
        f"Differences in {gains.figure} between {gains.ours} and {gains.reference}, by segment. All users: "
        f"{everybody.gain:+.4f} ({everybody.low:+.4f} to {everybody.high:+.4f}). Clear gain: {winners}; clear loss: "
        f"{_names(gains, better=False)}."
    )
    share = f"{everybody.gain_share:.0%} of users are served better, {everybody.loss_share:.0%} worse."
    return drawing(gains_figure(gains), alt, f"{gains.ours} against {gains.reference}: {share}")


def _names(gains: Gains, *, better: bool) -> str:
    chosen: Sequence[str] = [
        f"{segment.group} {segment.value}" if segment.group != segment.value else segment.value
        for segment in gains.segments
        if (segment.low > 0 if better else segment.high < 0)
    ]
    return ", ".join(chosen) or "none"
