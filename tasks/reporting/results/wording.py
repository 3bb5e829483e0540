"""How figures, places and gaps are worded on the page."""

from collections.abc import Sequence

import polars as pl

from tasks.evaluation.evaluation import MEAN
from tasks.reporting.labels import question_label
from tasks.reporting.tables import ABSENT
from tasks.results.goals import LEVEL
from tasks.results.lookup import Entry, Place

REFERENCE_MARK, BETTER, WORSE = "†", "▲", "▼"
"""The reference, significantly better than it, significantly worse."""


def number(value: float | None, digits: int = 4) -> str:
    """``0.1234``."""
    return ABSENT if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """A relative gain: ``+12.3 %``; nothing is ``0.0 %`` whatever its sign."""
    if value is None:
        return ABSENT
    text = f"{100 * value:+.1f} %"
    return "0.0 %" if text in ("+0.0 %", "-0.0 %") else text.replace("-", "−").replace("inf", "∞")


def percent_interval(low: float | None, high: float | None) -> str:
    """``+1.0 % … +2.0 %``."""
    return ABSENT if low is None or high is None else f"{percent(low)} … {percent(high)}"


def gain(entry: Entry | None) -> str:
    """``+12.3 % (+10.0 % … +14.1 %)``."""
    return ABSENT if entry is None else f"{percent(entry.value)} ({percent_interval(entry.low, entry.high)})"


def p_value(value: float | None) -> str:
    """Four digits, and never a bare zero."""
    return ABSENT if value is None else ("< 0.0001" if value < 0.0001 else f"{value:.4f}")


def duration(seconds: float | None) -> str:
    """``2 h 03 min``, ``4 min 10 s`` or ``12.3 s``."""
    if seconds is None:
        return ABSENT
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min {rest:02d} s"


def mark(ours: Entry | None, bar: Entry | None) -> str:
    """Whether a method is significantly better or worse than the reference, after Holm's correction."""
    if ours is None or bar is None or ours.p_holm is None or ours.p_holm > LEVEL:
        return ""
    return BETTER if ours.value > bar.value else WORSE


def shots_heads(shots: Sequence[str]) -> tuple[str, ...]:
    """Headings of columns."""
    return tuple("mean, s ≥ 1" if one == MEAN else f"s = {one}" for one in shots)


def place_title(place: Place) -> str:
    """``ta_feng: what later visits bring (next_visits)``."""
    return f"{place.dataset}: {question_label(place.question)}"


def places_of(summary: pl.DataFrame) -> list[tuple[str, str]]:
    """Data sets and questions of a summary, in the order of the page."""
    return sorted(set(summary.select("dataset", "question").rows()), key=lambda own: (own[0], own[1] != "next_visits"))


def image_name(place: Place, metric: str) -> str:
    """File of a chart."""
    return f"{place.dataset}_{place.question}_{metric}.svg"


def not_measured(what: str, names: Sequence[str] = ()) -> str:
    """A line that stands where something is missing."""
    return f"Not measured: {what}{': ' if names else ''}{', '.join(f'`{name}`' for name in names)}.\n"


def by_name(shots: dict[str, str]) -> str:
    """``popularity (s = 0, 1), ease (s = 3)``."""
    names: dict[str, list[str]] = {}
    for one, name in shots.items():
        names.setdefault(name, []).append(one)
    return ", ".join(f"`{name}` (s = {', '.join(own)})" for name, own in names.items()) or ABSENT
