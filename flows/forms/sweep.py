"""The form of a sweep."""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from flows.forms.fields import DEFAULTS, Dataset, Trainer, choice, chosen
from flows.sweep import sweep_with
from flows.watch import after_crash
from tasks.overrides import choices
from tasks.sweeps.plan import plan_sweep

SWEEPS = choices("sweep")
Name: Any = choice("sweep")


def run_name() -> str:
    """What is searched on what."""
    said: dict[str, Any] = flow_run.parameters
    return " · ".join([f"sweep {said['name']} on {said['dataset']}", *said["overrides"]])


@flow(name="sweep", flow_run_name=run_name, on_crashed=[after_crash])
def sweep(
    name: Name = SWEEPS[0],
    dataset: Dataset = DEFAULTS["dataset"],
    trainer: Trainer = DEFAULTS["trainer"],
    overrides: list[str] = [],  # noqa: B006 - only read; a union would spoil the form
) -> Any:
    """Search settings by a validation figure; a sweep that was stopped goes on.

    Args:
        name: The search space: a file in conf/sweep.
        dataset: The log of every trial.
        trainer: Device and length of every trial.
        overrides: Settings that all trials share, one key=value each.

    Returns:
        What the sweep found.
    """
    return sweep_with(plan_sweep(name, chosen({"dataset": dataset, "trainer": trainer}, overrides)))
