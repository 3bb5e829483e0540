"""The form of a batch of recommendations."""

from typing import Annotated, Any

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.forms.fields import chosen
from flows.recommend import recommend_with
from flows.steps import composing
from tasks.config import load_settings
from tasks.stages.requests import RecommendSettings

Given = Annotated[str, Field(min_length=1)]
Length = Annotated[int, Field(ge=1, le=10_000)]


def run_name() -> str:
    """What is recommended to whom."""
    said: dict[str, Any] = flow_run.parameters
    return " · ".join(
        [f"recommend {said['k']} items to {said['events']}", f"model {said['model']}", *said["overrides"]]
    )


@flow(name="recommend", flow_run_name=run_name)
def recommend(
    model: Given,
    events: Given,
    output: Given,
    k: Length = 20,
    users: str = "",
    user_features: str = "",
    overrides: list[str] = [],  # noqa: B006 - only read; a union would spoil the form
) -> dict[str, Any]:
    """Recommend items to users from their few events, without training.

    Files are those of the machine the worker runs on; relative paths start at the checkout.

    Args:
        model: A run folder, an MLflow run id, models:/<name>@champion or models:/<name>/<version>.
        events: Path of a CSV or Parquet file with user_id, item_id and, optionally, timestamp and kind.
        output: Path of the file of lists: Parquet, or CSV where the name ends in .csv.
        k: Items per list.
        users: Path of a CSV or Parquet file with user_id: these users get a list even without events.
        user_features: Path of a CSV or Parquet file with user_id and the features the model was trained with.
        overrides: Any other setting of conf/recommend.yaml, one key=value each.

    Returns:
        What came out, as ``tasks.stages.recommend.Recommended`` has it.
    """
    fields = {
        "model": model,
        "events": events,
        "output": output,
        "k": k,
        "users": users,
        "user_features": user_features,
    }
    with composing():
        settings = load_settings(RecommendSettings, "recommend", chosen(fields, overrides))
    return recommend_with(settings)
