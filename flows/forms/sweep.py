"""The form of a sweep."""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from flows.forms.fields import OF_THE_SPACE, choice, chosen
from flows.steps import composing
from flows.sweep import sweep_with
from flows.watch import after_crash
from tasks.sweeps.plan import plan_sweep

Space: Any = choice("sweep")
Dataset: Any = choice("dataset", OF_THE_SPACE)
Trainer: Any = choice("trainer", OF_THE_SPACE)


def run_name() -> str:
    """What is searched on what."""
    said: dict[str, Any] = flow_run.parameters
    name = f"sweep {said['space']}" + (f" on {said['dataset']}" if said["dataset"] != OF_THE_SPACE else "")
    rest = [said["trainer"]] if said["trainer"] != OF_THE_SPACE else []
    return " · ".join([name, *rest, *said["overrides"]])


@flow(name="sweep", flow_run_name=run_name, on_crashed=[after_crash])
def sweep(
    space: Space = "demo",
    dataset: Dataset = OF_THE_SPACE,
    trainer: Trainer = OF_THE_SPACE,
    overrides: list[str] = [],  # noqa: B006 - only read; a union would spoil the form
) -> Any:
    """Search settings by a validation figure; a sweep that was stopped goes on.

    Args:
        space: The search space, a file in conf/sweep; demo is six short runs on a synthetic world.
        dataset: The log of every trial; where the space names none, that of a training.
        trainer: Device and length of every trial; where the space names none, that of a training.
        overrides: Settings that all trials share, one key=value each; sweep.trials=10 sets one of the sweep.

    Returns:
        What the sweep found.
    """
    with composing():
        plan = plan_sweep(space, chosen({"dataset": dataset, "trainer": trainer}, overrides))
    return sweep_with(plan)
