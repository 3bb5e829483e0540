"""The form of a refresh."""

from typing import Annotated, Any

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.forms.fields import chosen
from flows.refresh import refresh_with
from flows.steps import composing
from flows.watch import after_crash
from tasks.config import load_settings
from tasks.refresh.settings import RefreshSettings

Champion = Annotated[str, Field(pattern=r"^models:/[^/@]+@[^/@]+$")]
Epochs = Annotated[int, Field(ge=1, le=10_000)]


def run_name() -> str:
    """What is refreshed with what, or rolled back."""
    said: dict[str, Any] = flow_run.parameters
    if said["rollback"]:
        return f"roll back {said['model']}"
    more = [said["events"]] if said["events"] else []
    more += ["the service's store"] if said["store"] else []
    name = f"refresh {said['model']}" + (f" with {' and '.join(more)}" if more else "")
    return " · ".join([name, f"{said['epochs']} epochs", *said["overrides"]])


@flow(name="refresh", flow_run_name=run_name, on_crashed=[after_crash])
def refresh(
    model: Champion = "models:/coldcart-ta_feng@champion",
    events: str = "",
    store: bool = False,
    cut: str = "50%",
    epochs: Epochs = 3,
    rollback: bool = False,
    overrides: list[str] = [],  # noqa: B006 - only read; a union would spoil the form
) -> dict[str, Any]:
    """Bring new events into a registered model; what is not worse on users new to both takes the champion's place.

    A refresh that was stopped goes on; without anything new it does nothing.

    Args:
        model: models:/<name>@<alias>: the champion, and the alias that a promotion moves.
        events: Path of a CSV or Parquet file, or a folder of them, with further events; empty: the log alone.
        store: Whether the events that the service has stored are taken, too.
        cut: Users first seen from here on judge: a percentile of the new users' first events, or a date.
        epochs: Epochs of the generator's training.
        rollback: Move the alias back to the version before, and do nothing else.
        overrides: Any other setting of conf/refresh.yaml, one key=value each.

    Returns:
        How it ended, as ``tasks.refresh.outcome.Outcome`` has it.
    """
    fields = {"model": model, "events": events, "store": store or None, "cut": cut, "epochs": epochs}
    fields |= {"rollback": rollback or None}
    with composing():
        settings = load_settings(RefreshSettings, "refresh", chosen(fields, overrides))
    return refresh_with(settings)
