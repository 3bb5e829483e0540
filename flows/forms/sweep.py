"""The form of a sweep."""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from flows.forms.fields import DEFAULTS, Dataset, Trainer, choice, chosen
from tasks.overrides import choices

SWEEPS = choices("sweep")
Name: Any = choice("sweep") if SWEEPS else str


def run_name() -> str:
    """What is searched on what."""
    said: dict[str, Any] = flow_run.parameters
    return " · ".join([f"sweep {said['name']} on {said['dataset']}", *said["overrides"]])


@flow(name="sweep", flow_run_name=run_name)
def sweep(
    name: Name = SWEEPS[0] if SWEEPS else "",
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
    from flows.sweep import sweep as search

    return search(name, chosen({"dataset": dataset, "trainer": trainer}, overrides))
