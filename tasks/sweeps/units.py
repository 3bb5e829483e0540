"""What a sweep hands to its worker processes, and what comes back; plain values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import TrainingError
from tasks.sweeps.settings import METRIC


@dataclass(frozen=True, slots=True)
class TrialUnit:
    """One run to do.

    Attributes:
        sweep_id: Name of the sweep's run folder.
        number: Of the trial.
        title: What varies, for people.
        overrides: The whole run, as on the command line.
        experiment: MLflow experiment of the sweep.
        parent_run_id: MLflow run of the sweep.
        tags: Tags of the run's MLflow run.
        metric: The figure that is compared, as ``SweepSettings.metric``.

    """

    sweep_id: str
    number: int
    title: str
    overrides: tuple[str, ...]
    experiment: str
    parent_run_id: str | None
    metric: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpochFigure:
    """The figure of an epoch; the worker waits for a ``Verdict``.

    Attributes:
        epoch: From 0 on.
        value: NDCG@10 on half A.

    """

    epoch: int
    value: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a training is worth going on with.

    Attributes:
        stop: Whether it is not.

    """

    stop: bool


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a run ended that did not fail.

    Attributes:
        objective: Whole name of the figure that is compared.
        value: The figure; None where the training was stopped early.
        stopped: Why the training was stopped early; None where it was not.

    """

    objective: str = ""
    value: float | None = None
    stopped: str | None = None


def result_of(summary: Mapping[str, Any], metric: str) -> TrialResult:
    """What a finished run is worth.

    Args:
        summary: As in summary.json.
        metric: The figure that is compared, without what stands in front of it.

    Raises:
        TrainingError: The run has no such figure.

    """
    objective = str(summary["objective_name"]).removesuffix(METRIC) + metric
    value = summary["metrics"].get(objective)
    if value is None:
        raise TrainingError(f"run {summary['run_id']} has no figure {objective}: metrics= must name it")
    return TrialResult(objective, float(value))
