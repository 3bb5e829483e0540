"""What an inspection found, as plain values and as tables of text."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.ingestion.quality import QualityReport
from tasks.reporting.tables import Table
from tasks.splitting.cuts import Cuts
from tasks.splitting.temporal import moment

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Lengths:
    """Quantiles of a count per user or visit: least, quarter, median, three quarters, nine tenths, greatest."""

    what: str
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class KindCount:
    """Events of one kind.

    Attributes:
        kind: Its name.
        weight: What one counts.
        events: In the clean log.
        asked_for: Whether they may be targets.

    """

    kind: str
    weight: float
    events: int
    asked_for: bool


@dataclass(frozen=True, slots=True)
class Eligible:
    """New users a question can be posed to at one number of shots.

    Attributes:
        question: The question.
        shots: For example ``shots_3`` or ``shots_all``.
        validation_a: Users of half A, for tuning.
        validation_b: Users of half B, for reporting.
        test: Test users.
        outside: Share of the targets of validation users that lie outside the catalogue; NaN without targets.

    """

    question: str
    shots: str
    validation_a: int
    validation_b: int
    test: int
    outside: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a log holds and what a run could ask of it.

    Attributes:
        quality: What cleaning drops and repairs.
        users: Users of the clean log.
        items: Items of the clean log.
        events: Events of the clean log.
        visits: Visits of all users; None without times.
        kinds: Events by kind; empty where the log names none.
        lengths: Quantiles of items per user, visits per user and items of the first visit.
        split: ``temporal`` or ``user_holdout``: the one a run would use; None where no split is possible.
        cuts: Its cuts; None where no split is possible.
        parts: Users per part: warm, those among them that give episodes, validation, test.
        catalogue: Items that warm users touched.
        eligible: New users per question and number of shots.
        advice: What to know before training, in words.

    """

    quality: QualityReport
    users: int
    items: int
    events: int
    visits: int | None
    kinds: tuple[KindCount, ...]
    lengths: tuple[Lengths, ...]
    split: str | None
    cuts: Cuts | None
    parts: dict[str, int]
    catalogue: int
    eligible: tuple[Eligible, ...]
    advice: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; NaN becomes None."""
        values = dataclasses.asdict(self)
        for row in values["eligible"]:
            row["outside"] = None if np.isnan(row["outside"]) else row["outside"]
        return values

    def to_tables(self) -> tuple[Table, ...]:
        """The same as tables of text."""
        return (
            quality_table(self.quality),
            Table("The clean log", ("what", "count"), self._size_rows()),
            *self._kind_tables(),
            Table("Lengths", ("per", *(f"{quantile:.0%}" for quantile in QUANTILES)), _length_rows(self.lengths)),
            Table(f"Split {self.split or 'impossible'}", ("part", "users or items"), self._part_rows()),
            Table(
                "New users to pose a question to",
                ("question", "shots", "validation A", "validation B", "test", "targets outside the catalogue"),
                tuple(_eligible_row(row) for row in self.eligible),
            ),
        )

    def _size_rows(self) -> tuple[tuple[str, ...], ...]:
        counts = {"users": self.users, "items": self.items, "events": self.events}
        if self.visits is not None:
            counts["visits"] = self.visits
        return tuple((name, f"{count:,}") for name, count in counts.items())

    def _kind_tables(self) -> tuple[Table, ...]:
        rows = [
            (one.kind, f"{one.weight:g}", f"{one.events:,}", "yes" if one.asked_for else "no") for one in self.kinds
        ]
        return (Table("Kinds of events", ("kind", "weight", "events", "asked for"), tuple(rows)),) if rows else ()

    def _part_rows(self) -> tuple[tuple[str, ...], ...]:
        rows = [(name, f"{count:,}") for name, count in self.parts.items()]
        if self.split is not None:
            rows.append(("items in the catalogue", f"{self.catalogue:,}"))
        if self.cuts is not None and self.cuts.warm_until is not None and self.cuts.validation_until is not None:
            rows.append(("first cut (UTC)", moment(self.cuts.warm_until)))
            rows.append(("second cut (UTC)", moment(self.cuts.validation_until)))
        return tuple(rows)


def quality_table(quality: QualityReport) -> Table:
    """Rows in, dropped or repaired by rule, rows out."""
    rules = ((rule.rule.replace("_", " "), f"{rule.dropped:,}", f"{rule.repaired:,}") for rule in quality.rules)
    rows = (("rows in", f"{quality.rows_in:,}", ""), *rules, ("rows out", f"{quality.rows_out:,}", ""))
    return Table("What cleaning does", ("rule", "dropped", "repaired"), rows)


def _length_rows(lengths: tuple[Lengths, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((one.what, *(f"{value:,.0f}" for value in one.quantiles)) for one in lengths)


def _eligible_row(row: Eligible) -> tuple[str, ...]:
    share = "–" if np.isnan(row.outside) else f"{row.outside:.1%}"
    return (row.question, row.shots, f"{row.validation_a:,}", f"{row.validation_b:,}", f"{row.test:,}", share)
