"""A summary, looked up by names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.results.cell import SHOTS
from tasks.results.figures import REFERENCE
from tasks.results.panel import ROLES


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the summary, averaged over seeds.

    Attributes:
        value: The figure.
        low: Lower bound of its 95 % interval, or None.
        high: Upper bound, or None.
        is_reference: Whether the method is the reference there.
        p_value: Of NDCG@10, see ``tasks.results.summary``.
        p_holm: The same, corrected within its family.
        users: Number of users behind it.

    """

    value: float
    low: float | None
    high: float | None
    is_reference: bool
    p_value: float | None
    p_holm: float | None
    users: int


@dataclass(frozen=True, slots=True)
class Place:
    """A data set and a question.

    Attributes:
        dataset: Name of the data set.
        question: Name of the question.
        split: Name of the split.
        shots: Numbers of shots, fewest first.
        roles: Roles by method, in the order in which methods are shown; the reference's stand-in is not among them.
        segments: Names of segments, those of one feature together, lowest first.

    """

    dataset: str
    question: str
    split: str
    shots: tuple[str, ...]
    roles: Mapping[str, str]
    segments: tuple[str, ...]

    def of_role(self, *roles: str) -> tuple[str, ...]:
        """Methods of these roles."""
        return tuple(name for name, role in self.roles.items() if role in roles)


class Lookup:
    """Figures of a summary by place, method, shots, metric, k and segment; of averages over seeds.

    Attributes:
        places: Data sets and questions, ``next_visits`` first within a data set.

    """

    def __init__(self, summary: pl.DataFrame) -> None:
        own = summary.filter(pl.col("seed").is_null())
        self._entries = {_key(row): _entry(row) for row in own.iter_rows(named=True) if row["value"] is not None}
        groups = own.partition_by("dataset", "question", "split", as_dict=True, maintain_order=True)
        places = [
            _place(str(name), str(question), str(split), frame) for (name, question, split), frame in groups.items()
        ]
        self.places = tuple(sorted(places, key=lambda place: (place.dataset, place.question != "next_visits")))

    def get(
        self,
        dataset: str,
        question: str,
        method: str,
        shots: str,
        metric: str = "ndcg",
        k: int = 10,
        segment: str | None = None,
    ) -> Entry | None:
        """The figure, or None where it was not measured."""
        return self._entries.get((dataset, question, method, shots, metric, k, segment))

    def at(
        self, place: Place, method: str, shots: str, metric: str = "ndcg", segment: str | None = None
    ) -> Entry | None:
        """The figure at k = 10, or None where it was not measured."""
        return self.get(place.dataset, place.question, method, shots, metric, segment=segment)

    def references(self, place: Place) -> dict[str, str]:
        """The reference by number of shots."""
        return {
            shots: name
            for shots in place.shots
            for name in place.of_role("baseline")
            if (entry := self.at(place, name, shots)) and entry.is_reference
        }

    def best_baselines(self, place: Place) -> dict[str, str]:
        """The baseline that is best on the users that are reported, by shots; of equals the first."""
        best = {}
        for shots in place.shots:
            found = [
                (name, entry.value) for name in place.of_role("baseline") if (entry := self.at(place, name, shots))
            ]
            if found:
                best[shots] = max(found, key=lambda pair: round(pair[1], 9))[0]
        return best


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("dataset", "question", "method", "shots", "metric", "k", "segment"))


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        row["value"],
        row["ci_low"],
        row["ci_high"],
        row["is_reference"],
        row["p_value"],
        row["p_holm"],
        row["n_users"],
    )


def _place(dataset: str, question: str, split: str, rows: pl.DataFrame) -> Place:
    pairs = rows.filter(pl.col("method") != REFERENCE).select("method", "role").unique().rows()
    asked = set(rows["shots"])
    return Place(
        dataset,
        question,
        split,
        tuple(shots for shots in SHOTS if shots in asked),
        dict(sorted(pairs, key=lambda pair: (_rank(pair[1]), "popularity" not in pair[0], pair[0]))),
        tuple(sorted(rows["segment"].drop_nulls().unique(), key=_in_order)),
    )


def _in_order(segment: str) -> tuple[str, int, float, str]:
    """``up to 30``, then by the number a segment begins with, then ``above 60``, other words, and ``unknown``."""
    name, _, value = segment.partition("=")
    number = re.match(r"\d+(\.\d+)?", value)
    kinds = {"up": 0, "above": 2, "unknown": 4}
    kind = 1 if number else kinds.get(value.split(" ")[0], 3)
    return (name, kind, float(number[0]) if number else 0.0, value)


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)
