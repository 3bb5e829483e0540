"""Recommend: lists for users the model has never seen, from their few events.

python -m flows.recommend model=<run folder | MLflow run id | models:/name@alias> events=<file> output=<file>
python -m flows.recommend --help       # all settings
"""

from dataclasses import asdict
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from prefect import flow
from prefect.runtime import flow_run

from flows.arguments import start
from flows.artifacts import publish_lists
from flows.display import show_lists
from flows.orchestration import prefect_server
from flows.steps import step
from flows.terminal import configure_terminal, one_error
from flows.watch import watched
from tasks.config import load_settings
from tasks.overrides import CONF_DIR
from tasks.runs import Home
from tasks.stages.requests import RecommendSettings, read_requests
from tasks.tracking.references import resolve_model


def run_name() -> str:
    """A name a person can read, from the parameters of the flow run."""
    return "recommend " + " ".join(str(override) for override in flow_run.parameters.get("overrides") or [])


@flow(name="recommend", flow_run_name=run_name)
def recommend(overrides: list[str]) -> dict[str, Any]:
    """Recommend items to users from their few events, without training.

    Args:
        overrides: Settings, for example events=new.csv and k=10; see conf/recommend.yaml.

    Returns:
        What came out, as ``tasks.stages.recommend.Recommended`` has it.
    """
    return recommend_with(load_settings(RecommendSettings, "recommend", overrides))


def recommend_with(settings: RecommendSettings) -> dict[str, Any]:
    """Read who asks, load the model, write the lists."""
    home = Home.current()
    with watched(home):
        requests = step("read", read_requests, settings)
        # Torch takes seconds to import; --help and a missing file should not wait for it.
        from tasks.stages.recommend import find_model, rank

        model = step("load model", find_model, settings, home)
        recommended = asdict(step("recommend", rank, model, requests, settings))
        publish_lists(recommended)
        return recommended


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="recommend")
@one_error
def main(_: object) -> None:
    """One batch from the command line."""
    configure_terminal()
    overrides = list(HydraConfig.get().overrides.task)
    # What can be wrong with settings and files is said before a server starts.
    settings = load_settings(RecommendSettings, "recommend", overrides)
    read_requests(settings)
    resolve_model(settings.model, settings.tracking, Home.current())
    with prefect_server(meanwhile=_import_ahead):
        show_lists(recommend(overrides))


def _import_ahead() -> None:
    """What the model needs takes seconds to import: done while the server starts."""
    import tasks.stages.recommend  # noqa: F401


if __name__ == "__main__":
    start(main)
