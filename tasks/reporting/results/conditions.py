"""Under which conditions: populations, tuning, hardware, time."""

from collections.abc import Mapping
from typing import Any

from tasks.reporting.results.wording import ABSENT, duration, not_measured, shots_heads
from tasks.reporting.tables import Table, to_markdown
from tasks.results.cell import SHOTS
from tasks.results.lookup import Lookup
from tasks.results.store import Results


def populations_table(lookup: Lookup) -> Table:
    """Number of users behind the figures, by shots."""
    asked = {shots for place in lookup.places for shots in place.shots}
    shots = tuple(one for one in SHOTS if one in asked)
    rows = []
    for place in lookup.places:
        users = {
            one: max(_users(lookup, place.dataset, place.question, name, one) for name in place.roles) for one in shots
        }
        counts = (f"{users[one]:,}" if users[one] else ABSENT for one in shots)
        rows.append((place.dataset, place.question, place.split, *counts))
    heads = ("data set", "question", "split", *shots_heads(shots))
    return Table("Users with targets", heads, tuple(rows), words=3)


def tuning_table(results: Results) -> Table:
    """Methods with a tuned setting at the edge of its range: the best may lie beyond."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for cell in results.cells:
        if cell.edges:
            found.setdefault((cell.key.dataset, cell.key.question, cell.key.method), set()).update(cell.edges)
    rows = tuple((*key, ", ".join(sorted(edges))) for key, edges in sorted(found.items()))
    return Table(
        "Tuned settings at the edge of their range", ("data set", "question", "method", "settings"), rows, words=4
    )


def seeds_table(lookup: Lookup, results: Results) -> Table:
    """How often methods were run and tuned, and their time, by role."""
    groups: dict[tuple[str, str, str, str], list[Any]] = {}
    for cell in results.cells:
        groups.setdefault((cell.key.dataset, cell.key.question, cell.role, cell.key.method), []).append(cell)
    rows = []
    for place in lookup.places:
        for role in dict.fromkeys(place.roles.values()):
            own = [groups[place.dataset, place.question, role, name] for name in place.of_role(role)]
            seeds, trials = [len(cells) for cells in own], [cell.trials for cells in own for cell in cells]
            seconds = sum(sum(cell.seconds.values()) for cells in own for cell in cells)
            rows.append(
                (place.dataset, place.question, role, str(len(own)), _range(seeds), _range(trials), duration(seconds))
            )
    heads = ("data set", "question", "role", "methods", "seeds", "trials", "time")
    return Table("Methods, seeds per method, trials of tuning, time", heads, tuple(rows), words=3)


def conditions_section(lookup: Lookup, results: Results) -> str:
    """All tables, hardware and total time."""
    edges = tuning_table(results)
    lines = ["## Users", "", to_markdown(populations_table(lookup)), "## Tuning and time", ""]
    lines.append(to_markdown(seeds_table(lookup, results)))
    if edges.rows:
        lines.append(to_markdown(edges))
    else:
        lines.append("No tuned setting lies at the edge of its range.\n")
    lines += ["## Hardware and total time", ""]
    facts = [f"* {name}: {text}" for name, text in _facts(results.environment)]
    lines += [*facts, ""] if facts else [not_measured("hardware and time")]
    return "\n".join(lines)


def _users(lookup: Lookup, dataset: str, question: str, method: str, shots: str) -> int:
    entry = lookup.get(dataset, question, method, shots)
    return entry.users if entry else 0


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} – {high}"


def _facts(environment: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Everything that was noted but times of single cells, in its order, nested names joined."""
    found: list[tuple[str, str]] = []
    for name, value in environment.items():
        label = f"{before}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            if name not in ("seconds", "cells", "seconds_per_cell"):
                found += _facts(value, f"{label}, " if name not in ("hardware", "versions") else "")
        elif name.endswith("seconds") and isinstance(value, (int, float)):
            found.append((label.replace("seconds", "time"), duration(float(value))))
        elif not isinstance(value, (list, tuple)):
            found.append((label, f"{value:.4g}" if isinstance(value, float) else str(value)))
    return found
