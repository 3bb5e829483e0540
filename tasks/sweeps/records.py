"""What came of each trial, kept in the sweep's run folder: all that a sweep that was stopped needs to go on."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from tasks.runs import Run

_STAGE = "trial "


class TrialState(StrEnum):
    """Where a trial stands; names are Optuna's."""

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A trial.

    Attributes:
        number: From 0 on.
        values: What varies, by name.
        state: RUNNING also where the process that ran it is gone.
        value: The figure that is compared; None unless COMPLETE.
        epochs: NDCG@10 on half A by epoch (0-based, as text), as far as it was told.
        seconds: Time it took.
        reason: Why it failed or was stopped, in one line.
        run_id: Name of its run folder.
        mlflow_run_id: Its MLflow run.

    """

    number: int
    values: Mapping[str, Any]
    state: TrialState = TrialState.RUNNING
    value: float | None = None
    epochs: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str | None = None
    run_id: str | None = None
    mlflow_run_id: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.state is not TrialState.RUNNING


class Records:
    """The trials of a sweep; thread-safe. Each change is on the disk before the call returns.

    Args:
        run: The run of the sweep.

    """

    def __init__(self, run: Run) -> None:
        self._run, self._lock = run, threading.RLock()
        stages = run.state.stages
        self._records = {
            record.number: record for record in (_read(stages[name]) for name in stages if name.startswith(_STAGE))
        }

    def all(self) -> tuple[TrialRecord, ...]:
        """By number."""
        with self._lock:
            return tuple(self._records[number] for number in sorted(self._records))

    def find(self, number: int) -> TrialRecord | None:
        """One trial."""
        with self._lock:
            return self._records.get(number)

    def begin(self, number: int, values: Mapping[str, Any]) -> TrialRecord:
        """Note that a trial begins; an earlier record of it stays as it is."""
        with self._lock:
            return self._records.get(number) or self._write(TrialRecord(number, dict(values)))

    def finish(self, number: int, state: TrialState, **changes: Any) -> TrialRecord:
        """Note what came of a trial.

        Args:
            number: Which.
            state: How it ended.
            **changes: Further attributes of its record.

        """
        with self._lock:
            return self._write(replace(self._records[number], state=state, **changes))

    def best(self, direction: str) -> TrialRecord | None:
        """The best finished trial, the earliest of equals; None without one."""
        finished = [record for record in self.all() if record.state is TrialState.COMPLETE and record.value is not None]
        sign = -1.0 if direction == "maximize" else 1.0
        return min(finished, key=lambda record: sign * (record.value or 0.0), default=None)

    def counts(self) -> dict[str, int]:
        """Number of trials by state."""
        return {state.value: sum(record.state is state for record in self.all()) for state in TrialState}

    def _write(self, record: TrialRecord) -> TrialRecord:
        self._run.mark_done(f"{_STAGE}{record.number}", asdict(record) | {"state": record.state.value})
        self._records[record.number] = record
        return record


def _read(payload: Mapping[str, Any]) -> TrialRecord:
    return TrialRecord(**{**payload, "state": TrialState(payload["state"])})
