"""The data-quality report: what came in, what each rule did, what went out."""

import dataclasses
import datetime
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What one cleaning rule did.

    Attributes:
        rule: Its name.
        dropped: Rows it took out; a row counts for the first rule that takes it out.
        repaired: Rows it changed and kept.

    """

    rule: str
    dropped: int
    repaired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """The report of one ingestion; ``rows_in`` = ``rows_out`` + all dropped rows.

    Attributes:
        name: The data set.
        digest: sha256 over the source files, hex.
        rows_in: Rows of the raw log.
        rules: Every rule that was applied, in order, also those that found nothing.
        rows_out: Rows of the clean log.
        users: Users of the clean log.
        items: Items of the clean log.
        users_with_one_event: Users with a single row.
        items_seen_once: Items with a single row.
        first_time: Oldest row, ISO 8601; None without times.
        last_time: Newest row.

    """

    name: str
    digest: str
    rows_in: int
    rules: tuple[RuleCount, ...]
    rows_out: int
    users: int
    items: int
    users_with_one_event: int
    items_seen_once: int
    first_time: str | None
    last_time: str | None

    @property
    def rows_dropped(self) -> int:
        """Rows that all rules took out."""
        return sum(rule.dropped for rule in self.rules)

    def with_rules(
        self, rules: tuple[RuleCount, ...], *, users: int | None = None, items: int | None = None
    ) -> "QualityReport":
        """The same report with rules that were applied later, such as the outlier fences.

        Args:
            rules: Their counts; dropped rows are taken off ``rows_out``.
            users: Users that are left, where they changed.
            items: Items that are left, where they changed.

        """
        return dataclasses.replace(
            self,
            rules=self.rules + rules,
            rows_out=self.rows_out - sum(rule.dropped for rule in rules),
            users=self.users if users is None else users,
            items=self.items if items is None else items,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)

    def to_markdown(self) -> str:
        """The report as a Markdown table."""
        lines = [
            f"# Data quality: {self.name}",
            "",
            "| rule | dropped | repaired |",
            "|---|---:|---:|",
            f"| rows in | {self.rows_in:,} | |",
            *(f"| {rule.rule.replace('_', ' ')} | {rule.dropped:,} | {rule.repaired:,} |" for rule in self.rules),
            f"| rows out | {self.rows_out:,} | |",
            "",
            f"{self.users:,} users ({self.users_with_one_event:,} with one event), "
            f"{self.items:,} items ({self.items_seen_once:,} seen once).",
        ]
        if self.first_time is not None:
            lines.append(f"From {self.first_time} to {self.last_time}.")
        return "\n".join([*lines, "", f"Source files: sha256 {self.digest}", ""])


def iso(microseconds: int) -> str:
    """A time of the log as ISO 8601 in UTC."""
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (epoch + datetime.timedelta(microseconds=microseconds)).isoformat()
