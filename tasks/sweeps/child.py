"""A run as a trial of a sweep: whose child it is, what it is called, whom it tells of its epochs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.runs import Home, Run, RunStatus
from tasks.runs.files import read_json
from tasks.runs.state import RunState, all_states
from tasks.sweeps.dimensions import Values
from tasks.sweeps.settings import METRIC
from tasks.training.epoch_reports import EpochReport

_MARK = "sweep"
"""Stage in a run's state that says whose trial it is."""


class StoppedEarly(BaseException):
    """A training that is not worth going on with; its run ends KILLED and can be gone on with."""


@dataclass(frozen=True, slots=True)
class Child:
    """A trial of a sweep.

    Attributes:
        sweep_id: Name of the sweep's run folder.
        number: Of the trial.
        name: Of its MLflow run, says what varies.
        experiment: MLflow experiment of the whole sweep: children elsewhere are not shown below their parent.
        parent_run_id: MLflow run of the sweep; None without tracking.
        tags: Further tags.
        on_epoch: Told the figure of each epoch on half A; may raise ``StoppedEarly``.
        metric: The figure that is compared, without what stands in front of it.

    """

    sweep_id: str
    number: int
    name: str
    experiment: str
    parent_run_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    on_epoch: EpochReport | None = None
    metric: str = METRIC

    @property
    def all_tags(self) -> dict[str, str]:
        """What varies, and where it belongs."""
        return {**self.tags, "sweep_id": self.sweep_id, "trial": str(self.number)}

    def figure(self, summary: Mapping[str, Any]) -> dict[str, float]:
        """The figure that the sweep compares, by its whole name: MLflow must have it to sort by; none if it is absent.

        Args:
            summary: As in summary.json.

        """
        name = str(summary["objective_name"]).removesuffix(METRIC) + self.metric
        value = summary["metrics"].get(name)
        return {} if value is None else {name: float(value)}

    def mark(self, run: Run) -> None:
        """Note in the run's state whose trial it is."""
        if run.stage_done(_MARK) != {"id": self.sweep_id, "trial": self.number}:
            run.mark_done(_MARK, {"id": self.sweep_id, "trial": self.number})


def tags_of(values: Values) -> dict[str, str]:
    """What varies, as tags: all of it, whole."""
    return {name: value if isinstance(value, str) else str(value) for name, value in values.items()}


def run_of(home: Home, sweep_id: str, number: int) -> RunState | None:
    """The run of a trial, whatever became of it; None where it did not come that far."""
    own = {"id": sweep_id, "trial": number}
    return next((state for state in all_states(home.runs) if state.stages.get(_MARK) == own), None)


def finished_run(home: Home, sweep_id: str, number: int) -> Mapping[str, Any] | None:
    """The summary of a trial's run that finished, though its sweep was killed before it could write that down."""
    state = run_of(home, sweep_id, number)
    if state is None or state.status is not RunStatus.FINISHED:
        return None
    return read_json(home.runs / state.id / "summary.json")
