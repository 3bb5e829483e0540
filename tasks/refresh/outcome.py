"""How a refresh ended, in words and as plain values."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tasks.refresh.verdict import MEAN, K, Verdict

Status = Literal["promoted", "refused", "nothing new", "too few users", "busy", "rolled back"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a refresh ended.

    Attributes:
        status: What became of the alias.
        reason: Why, in one line.
        model: For example ``models:/coldcart-ta_feng@champion``.
        version: Version that the alias names now; None where that was not looked up.
        before: Version that it named before; None where it did not move.
        new: What is new since the champion, in words; None where that was not looked at.
        cut: T, for people; None where nothing was cut.
        verdict: The comparison, as plain values; None where there was none.
        run_folder: The refresh's folder; None where it needed none.
        mlflow_run_id: Its MLflow run.
        parent_run_id: The champion's.

    """

    status: Status
    reason: str
    model: str
    version: int | None = None
    before: int | None = None
    new: str | None = None
    cut: str | None = None
    verdict: Mapping[str, Any] | None = None
    run_folder: str | None = None
    mlflow_run_id: str | None = None
    parent_run_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def compared(self) -> Verdict | None:
        """The comparison."""
        return None if self.verdict is None else Verdict.from_json(dict(self.verdict))

    @property
    def next_step(self) -> str | None:
        """What may follow; None where nothing does."""
        if self.status == "promoted":
            return f"python -m flows.refresh model={self.model} rollback=true   takes it back"
        verdict = self.compared
        if self.status == "refused" and verdict is not None and verdict.says_nothing:
            return "more users can judge later, or with an earlier T (cut=25%)"
        if self.status == "refused" and verdict is not None and verdict.undecided:
            return (
                f"the interval of {verdict.users:,} users is too wide to tell: more of them can judge later, "
                "or with an earlier T (cut=25%); how much you are ready to lose is margin"
            )
        return None


COLUMNS = ("shots", "champion", "challenger", "difference", "95 % interval", "users")


def _told(value: float, is_relative: bool) -> str:
    if math.isnan(value):
        return "—"
    return f"{100 * value:+.1f} %".replace("inf", "∞") if is_relative else f"{value:+.4f}"


def table_rows(verdict: Verdict) -> list[tuple[str, ...]]:
    """The comparison by number of shots; the last row is relative."""
    rows: list[tuple[str, ...]] = []
    for row in verdict.rows:
        mean = row.shots == MEAN
        apart = verdict.gain.value if mean else row.challenger - row.champion
        numbers = [_told(value, mean) for value in (apart, row.low, row.high)]
        head = "mean, s ≥ 1" if mean else row.shots
        interval = f"{numbers[1]} … {numbers[2]}"
        rows.append((head, f"{row.champion:.4f}", f"{row.challenger:.4f}", numbers[0], interval, f"{row.users:,}"))
    return rows


def as_markdown(outcome: Outcome) -> str:
    """The outcome for the page of a run: what was decided, why, and the table behind it."""
    lines = [f"**{outcome.status}**: {outcome.reason}", ""]
    told = {
        "model": outcome.model,
        "version": None if outcome.version is None else str(outcome.version),
        "instead of version": None if outcome.before is None else str(outcome.before),
        "new": outcome.new,
        "T": outcome.cut,
        "MLflow run": outcome.mlflow_run_id,
        "the champion's": outcome.parent_run_id,
    }
    lines += [f"- {name}: {value}" for name, value in told.items() if value is not None]
    verdict = outcome.compared
    if verdict is not None:
        lines += ["", f"NDCG@{K} of users whom neither model has seen", "", "| " + " | ".join(COLUMNS) + " |"]
        lines += ["|" + "---|" * len(COLUMNS)] + ["| " + " | ".join(row) + " |" for row in table_rows(verdict)]
    return "\n".join(lines) + "\n"
