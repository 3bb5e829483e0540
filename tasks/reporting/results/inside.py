"""Inside the hybrid: which score carries it, and for whom it gains."""

from collections import defaultdict

from tasks.evaluation.evaluation import MEAN
from tasks.method_names import HYBRID
from tasks.reporting.results.wording import ABSENT, gain, not_measured, number, place_title, shots_heads
from tasks.reporting.tables import Table, to_markdown
from tasks.results.claims import GAIN
from tasks.results.figures import REFERENCE
from tasks.results.lookup import Lookup, Place
from tasks.results.store import Results

NO_VIRTUAL = "hybrid_no_virtual"
FEWEST = 30
"""Segments with fewer users are not shown."""


def shares_table(lookup: Lookup, results: Results, place: Place) -> Table | None:
    """Mean weight of each score in the hybrid by shots, over seeds; None where it was not noted."""
    noted: dict[tuple[str, str], list[float]] = defaultdict(list)
    for cell in results.cells:
        if (cell.key.dataset, cell.key.question, cell.key.method) == (place.dataset, place.question, HYBRID):
            for share in cell.shares:
                noted[share["score"], share["shots"]].append(share["share"])
    if not noted:
        return None
    means = {key: sum(values) / len(values) for key, values in noted.items()}
    rows = []
    for score in dict.fromkeys(score for score, _ in noted):
        rows.append((f"share of {score}", *(_share(means.get((score, shots))) for shots in place.shots)))
    for name in (HYBRID, NO_VIRTUAL):
        entries = [lookup.at(place, name, shots) for shots in place.shots]
        rows.append((f"NDCG@10 of {name}", *(number(entry.value if entry else None) for entry in entries)))
    return Table(place_title(place), ("", *shots_heads(place.shots)), tuple(rows))


def segments_table(lookup: Lookup, place: Place) -> Table | None:
    """NDCG@10 and gain by segment, mean over s ≥ 1; None where no segment is large enough."""
    names = (REFERENCE, HYBRID, "user_knn_cosine", "user_knn_cosine_virtual")
    shown = [name for name in names if name == REFERENCE or name in place.roles]
    rows = []
    for segment in place.segments:
        entries = [lookup.at(place, name, MEAN, segment=segment) for name in shown]
        users = max((entry.users for entry in entries if entry), default=0)
        if users >= FEWEST:
            values = (number(entry.value if entry else None) for entry in entries)
            found = gain(lookup.at(place, HYBRID, MEAN, GAIN, segment))
            rows.append((segment.replace("=", ": "), f"{users:,}", *values, found))
    if not rows:
        return None
    return Table(place_title(place), ("segment", "users", *shown, "gain of hybrid"), tuple(rows))


def inside_section(lookup: Lookup, results: Results) -> str:
    """Shares and segments of every data set and question."""
    lines = [
        "## What carries the hybrid",
        "",
        "Mean weight that the gate gives to each score, by number of shots; below it NDCG@10 of the hybrid, and of the",
        "gate over the baselines alone.",
        "",
    ]
    shares = [table for place in lookup.places if (table := shares_table(lookup, results, place))]
    lines += [to_markdown(table) for table in shares] or [not_measured("shares of scores in `hybrid`")]
    lines += ["## Gain by segment", "", f"NDCG@10, mean over s ≥ 1; segments of at least {FEWEST} users.", ""]
    segments = [table for place in lookup.places if (table := segments_table(lookup, place))]
    lines += [to_markdown(table) for table in segments] or [not_measured("segments")]
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return ABSENT if value is None else f"{100 * value:.1f} %"
