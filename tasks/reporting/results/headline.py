"""The first sections: what was gained, and which goals were reached."""

from tasks.evaluation.evaluation import MEAN
from tasks.method_names import HYBRID
from tasks.reporting.results.wording import (
    ABSENT,
    by_name,
    duration,
    gain,
    number,
    percent,
    percent_interval,
)
from tasks.reporting.tables import Table, to_markdown
from tasks.results.claims import GAIN
from tasks.results.figures import REFERENCE
from tasks.results.goals import Goal
from tasks.results.lookup import Lookup

_OUTCOMES = {True: "held", False: "missed", None: "not measured"}


def headline_table(lookup: Lookup, users: str) -> Table:
    """Gain of the hybrid per data set and question.

    Args:
        lookup: The summary.
        users: Whose figures these are, for the title.

    """
    rows = []
    for place in lookup.places:
        ours, bar = (lookup.at(place, name, MEAN) for name in (HYBRID, REFERENCE))
        rows.append(
            (
                place.dataset,
                place.question,
                f"{(ours or bar).users:,}" if ours or bar else ABSENT,  # type: ignore[union-attr]
                number(bar.value if bar else None),
                number(ours.value if ours else None),
                gain(lookup.at(place, HYBRID, MEAN, GAIN)),
                by_name(lookup.references(place)),
            )
        )
    heads = ("data set", "question", "users", "reference", "hybrid", "gain (95 % interval)", "reference is")
    title = f"NDCG@10 of `hybrid` and of the reference, mean over s ≥ 1, {users}"
    return Table(title, heads, tuple(rows), words=2)


def goals_table(goals: tuple[Goal, ...]) -> Table:
    """One row per goal: target, figure, interval, held or missed."""
    rows = []
    for goal in goals:
        outcome = _OUTCOMES[goal.held]
        bold = f"**{outcome}**" if goal.held else outcome
        rows.append((goal.target, goal.where, _figure(goal), percent_interval(goal.low, goal.high), bold))
    return Table("Goals", ("goal", "where", "figure", "95 % interval", ""), tuple(rows), words=2)


def headline_section(lookup: Lookup, goals: tuple[Goal, ...], users: str) -> str:
    """Both tables, with what they mean."""
    return "\n".join(
        [
            "## What was gained",
            "",
            "The reference is the strongest baseline at each number of shots s, chosen on half A of the validation",
            "users. A gain is the mean over s ≥ 1 of the hybrid's NDCG@10 ÷ the same of the references − 1.",
            "",
            to_markdown(headline_table(lookup, users)),
            "## Goals",
            "",
            *_goals_in_words(goals),
        ]
    )


def _goals_in_words(goals: tuple[Goal, ...]) -> list[str]:
    """How many are held, and the table, which says what was not measured, too; one line where nothing was."""
    held, measured = sum(goal.held is True for goal in goals), sum(goal.held is not None for goal in goals)
    if not measured:
        return [f"None of the {len(goals)} goals was measured: they are about the hybrid beside all baselines.", ""]
    return [f"{held} of {measured} goals that were measured are held.", "", to_markdown(goals_table(goals))]


def _figure(goal: Goal) -> str:
    if goal.value is None:
        return ABSENT
    texts = {
        "gain": percent(goal.value),
        "tests": f"{goal.value:.0f} of {goal.of} tests",
        "seconds": duration(goal.value),
        "milliseconds": f"{goal.value:.2f} ms",
        "bytes": f"{goal.value:.3f} bytes",
    }
    return texts[goal.unit]
