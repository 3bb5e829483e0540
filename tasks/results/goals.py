"""What was set out to be reached, and what was: one row per goal, held or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tasks.evaluation.evaluation import MEAN
from tasks.method_names import HYBRID
from tasks.results.claims import DIFFERENCE, GAIN, GAIN_OVER_FILL
from tasks.results.figures import REFERENCE
from tasks.results.lookup import Lookup, Place
from tasks.results.store import Results

SHOPS = ("ta_feng", "online_retail", "rent_the_runway")
"""Data sets with goals; all of them know something of their users before the first event."""
PLACEBOS = ("fill_popular", "fill_random", "fill_neighbours", "fill_ials", "fill_no_adversary")
LEVEL = 0.05
"""Of significance, after Holm's correction."""
_GAINS = {
    "next_visits": (0.10, SHOPS),
    "this_visit": (0.05, ("ta_feng", "online_retail")),
}
_WITHOUT_SHOTS = 0.05
_MARGIN = 0.02
_TRAINING_SECONDS, _SCORING_MILLISECONDS = 600.0, 5.0
BYTES_PER_USER_ITEM = 0.25
"""A mask over all users and items would be 1, scores in float32 would be 4."""

Unit = Literal["gain", "tests", "seconds", "milliseconds", "bytes"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and what came of it.

    Attributes:
        target: What was to be reached.
        where: On which data, and what else the figure needs to be read.
        unit: How to read ``value``: ``gain`` is relative (0.1: 10 % better), ``tests`` counts tests out of ``of``.
        value: The figure; None where it was not measured.
        low: Lower bound of its 95 % interval, where it has one.
        high: Upper bound.
        held: Whether it was reached; None where it was not measured.
        of: For ``tests``: how many there are.

    """

    target: str
    where: str
    unit: Unit
    value: float | None = None
    low: float | None = None
    high: float | None = None
    held: bool | None = None
    of: int = 0


def goals_of(lookup: Lookup, results: Results) -> tuple[Goal, ...]:
    """Every goal, in the order in which they were set, whether its figure was measured or not.

    A gain is held where its figure reaches the target (its interval is printed); "not worse" where the lower bound of
    the difference from the reference stays above −2 % of the reference, at every number of shots.
    """
    places = {(place.dataset, place.question): place for place in lookup.places}
    pairs = [(dataset, question) for question, (_, datasets) in _GAINS.items() for dataset in datasets]
    found: list[Goal] = []
    for dataset, question in pairs:
        least = _GAINS[question][0]
        target = f"hybrid, {question}: gain in NDCG@10, mean over s ≥ 1, at least +{100 * least:.0f} %"
        found.append(_gain(lookup, dataset, question, MEAN, target, least))
    for dataset, question in pairs:
        found.append(_not_worse(lookup, places.get((dataset, question)), f"{dataset}, {question}"))
    for dataset, question in pairs:
        target = f"hybrid: gain in NDCG@10 at s = 0, at least +{100 * _WITHOUT_SHOTS:.0f} %"
        found.append(_gain(lookup, dataset, question, "0", target, _WITHOUT_SHOTS))
    found += [_placebo(lookup, name) for name in PLACEBOS]
    for dataset, question in pairs:
        found += _lists(lookup, dataset, question)
    return (*found, *_costs(results))


def _gain(lookup: Lookup, dataset: str, question: str, shots: str, target: str, least: float) -> Goal:
    where = dataset if shots == MEAN else f"{dataset}, {question}"
    entry = lookup.get(dataset, question, HYBRID, shots, GAIN)
    if entry is None:
        return Goal(target, where, "gain")
    return Goal(target, where, "gain", entry.value, entry.low, entry.high, entry.value >= least)


def _not_worse(lookup: Lookup, place: Place | None, where: str) -> Goal:
    """The number of shots whose lower bound is the lowest stands for all."""
    target = f"hybrid: not worse at any number of shots (lower bound of the difference above −{100 * _MARGIN:.0f} %)"
    worst: tuple[float, float, float, str] | None = None
    if place is None:
        return Goal(target, where, "gain")
    for shots in place.shots:
        entry, bar = lookup.at(place, HYBRID, shots, DIFFERENCE), lookup.at(place, REFERENCE, shots)
        if entry and bar and bar.value > 0 and entry.low is not None and entry.high is not None:
            found = (entry.low / bar.value, entry.value / bar.value, entry.high / bar.value, shots)
            worst = min(worst or found, found)
    if worst is None:
        return Goal(target, where, "gain")
    low, value, high, shots = worst
    return Goal(target, f"{where}; lowest at s = {shots}", "gain", value, low, high, low > -_MARGIN)


def _placebo(lookup: Lookup, name: str) -> Goal:
    target, tests, better = f"CF over generated profiles significantly better than over {name}", 0, 0
    for place in lookup.places:
        entry, gain = lookup.at(place, name, MEAN), lookup.at(place, name, MEAN, GAIN_OVER_FILL)
        if entry and gain and entry.p_holm is not None:
            tests += 1
            better += entry.p_holm <= LEVEL and gain.value > 0
    if not tests:
        return Goal(target, "every data set and question", "tests")
    return Goal(target, "every data set and question", "tests", better, held=better == tests, of=tests)


def _lists(lookup: Lookup, dataset: str, question: str) -> Iterator[Goal]:
    for metric, label, sign in (("coverage", "coverage@10", 1), ("average_popularity", "average popularity@10", -1)):
        target = f"hybrid: {label} no {'lower' if sign > 0 else 'higher'} than the reference's, mean over s ≥ 1"
        ours, bar = (lookup.get(dataset, question, name, MEAN, metric) for name in (HYBRID, REFERENCE))
        if ours is None or bar is None or not bar.value:
            yield Goal(target, f"{dataset}, {question}", "gain")
            continue
        where = f"{dataset}, {question}: {ours.value:.4f} against {bar.value:.4f}"
        relative = ours.value / bar.value - 1
        yield Goal(target, where, "gain", relative, held=sign * relative >= -1e-9)


def _costs(results: Results) -> Iterator[Goal]:
    """As noted beside the results: cells share trained generators, so their times do not tell."""
    limits: tuple[tuple[str, str, Unit, str, float], ...] = (
        ("training at most 10 minutes", f"{SHOPS[0]}, 2 cores", "seconds", "training_seconds", _TRAINING_SECONDS),
        (
            "scoring one new user at most 5 ms",
            "one core",
            "milliseconds",
            "scoring_milliseconds",
            _SCORING_MILLISECONDS,
        ),
        (
            "nothing grows with users × items",
            f"peak memory of a training, at most {BYTES_PER_USER_ITEM:g} bytes per user and item",
            "bytes",
            "bytes_per_user_item",
            BYTES_PER_USER_ITEM,
        ),
    )
    for target, where, unit, name, most in limits:
        value = results.cost.get(name)
        yield Goal(target, where, unit, value, held=None if value is None else value <= most)
