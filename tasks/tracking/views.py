"""A view of MLflow's table of runs: the figures to judge by, where MLflow by itself shows no figure at all."""

import json
from collections.abc import Mapping, Sequence

VIEW = "coldcart"
"""Names the view in addresses."""

VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"
"""Tag of an experiment in which MLflow's pages keep a view; with a name it stands in their menu *Views*, too."""

VIEW_NAME = "NDCG@10 of new users"


_MOST = 20
"""Columns of the view: a tag holds 5,000 characters."""


def view_of(metrics: Sequence[str], tags: Mapping[str, str]) -> dict[str, str]:
    """The tag of an experiment whose table shows these metrics first, then those it showed before.

    Runs of other questions and recommenders have figures of other names.

    Args:
        metrics: Names such as ``val/next_visits/hybrid/ndcg_at_10/mean``, one column each.
        tags: Of the experiment.
    """
    before = json.loads(json.loads(tags[VIEW_TAG])["state"])["selectedColumns"] if VIEW_TAG in tags else []
    columns = list(dict.fromkeys([*(f"metrics.`{name}`" for name in metrics), *before]))[:_MOST]
    state = {"selectedColumns": columns}
    # A time is asked for; that of the view's making would be of no use to anybody.
    return {VIEW_TAG: json.dumps({"name": VIEW_NAME, "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)})}


def table_address(server: str, experiment_id: str, tags: Mapping[str, str], menu: str) -> str:
    """Address of the table of runs of an experiment, with its view where it has one.

    Args:
        server: Address of an MLflow server.
        experiment_id: Of the experiment.
        tags: Of the experiment.
        menu: Ends addresses of MLflow's pages.
    """
    if VIEW_TAG not in tags:
        return f"{server}/#/experiments/{experiment_id}{menu}"
    # Without /runs MLflow leads there, and forgets the view on the way.
    return f"{server}/#/experiments/{experiment_id}/runs{menu}&viewStateShareKey={VIEW}"
