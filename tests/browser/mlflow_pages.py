"""MLflow's pages as a person uses them: the table of runs, the comparison."""

import json
from dataclasses import dataclass

import httpx
from playwright.sync_api import Locator, Page, expect

PATIENCE = 30_000


@dataclass(frozen=True)
class Tracked:
    """What MLflow's API knows of runs.

    Attributes:
        address: Of MLflow's server.

    """

    address: str

    def experiment(self, name: str) -> str:
        """Id of an experiment."""
        return self._get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"]

    def of_flow_run(self, experiment: str, flow_run: str) -> dict:
        """The MLflow run of a flow run of Prefect."""
        asked = {"experiment_ids": [experiment], "filter": f"tags.`prefect.flow_run_id` = '{flow_run}'"}
        answer = httpx.post(f"{self.address}/api/2.0/mlflow/runs/search", json=asked, timeout=60)
        answer.raise_for_status()
        (run,) = answer.json()["runs"]
        return run

    def shown_by(self, experiment: str, tag: str) -> list[str]:
        """Metrics that the view kept in a tag of an experiment shows."""
        tags = self._get("experiments/get", experiment_id=experiment)["experiment"]["tags"]
        (view,) = [json.loads(one["value"]) for one in tags if one["key"] == tag]
        columns = json.loads(view["state"])["selectedColumns"]
        return [column.removeprefix("metrics.`").removesuffix("`") for column in columns]

    def having(self, experiment: str, metric: str) -> dict:
        """The latest run that has a metric and is not below another one, where the table hides it."""
        asked = {"experiment_ids": [experiment], "filter": f"metrics.`{metric}` >= 0", "max_results": 50}
        answer = httpx.post(f"{self.address}/api/2.0/mlflow/runs/search", json=asked, timeout=60)
        answer.raise_for_status()
        return next(
            run
            for run in answer.json()["runs"]
            if "mlflow.parentRunId" not in {tag["key"] for tag in run["data"]["tags"]}
        )

    def children(self, parent: dict) -> list[dict[str, str]]:
        """Tags of the runs below a run."""
        info = parent["info"]
        where = f"tags.`mlflow.parentRunId` = '{info['run_id']}'"
        asked = {"experiment_ids": [info["experiment_id"]], "filter": where}
        answer = httpx.post(f"{self.address}/api/2.0/mlflow/runs/search", json=asked, timeout=60)
        answer.raise_for_status()
        return [{tag["key"]: tag["value"] for tag in run["data"]["tags"]} for run in answer.json()["runs"]]

    def _get(self, path: str, **parameters: str) -> dict:
        answer = httpx.get(f"{self.address}/api/2.0/mlflow/{path}", params=parameters, timeout=60)
        answer.raise_for_status()
        return answer.json()


@dataclass(frozen=True)
class RunsTable:
    """The table of training runs of an experiment.

    Attributes:
        page: A browser's page.
        address: Of MLflow's server.
        experiment: Its id.

    """

    page: Page
    address: str
    experiment: str

    def open(self) -> None:
        """Open the table, and close the assistant that lies beside it."""
        self.page.goto(f"{self.address}/#/experiments/{self.experiment}/runs?workflowType=machine_learning")
        expect(self.page.get_by_role("columnheader", name="Run Name").first).to_be_visible(timeout=PATIENCE)
        self.page.get_by_role("button", name="Close", exact=True).click()

    def choose_view(self, name: str) -> None:
        """Choose a view of the menu, by its name."""
        self.page.get_by_role("button", name="Views").click()
        self.page.get_by_text(name, exact=True).first.click(timeout=PATIENCE)

    def show_metric(self, name: str) -> None:
        """Add a column."""
        self.page.get_by_role("button", name="Columns").click()
        self.page.get_by_placeholder("Search columns").fill(name)
        self.page.get_by_role("dialog").get_by_text(name, exact=True).click(timeout=PATIENCE)
        self.page.keyboard.press("Escape")

    def row(self, run_id: str) -> str:
        """Index of the row of a run: the table is drawn in parts that lie side by side."""
        link = self.page.locator(f"a[href$='/runs/{run_id}']").first
        link.wait_for(timeout=PATIENCE)
        return str(link.evaluate("link => link.closest('[row-index]').getAttribute('row-index')"))

    def cells(self, run_id: str) -> Locator:
        """All cells of a run."""
        return self.page.locator(f"[role=row][row-index='{self.row(run_id)}'] [role=gridcell]")

    def choose(self, run_id: str) -> None:
        """Tick the box of a run."""
        self.cells(run_id).get_by_role("checkbox").first.click()

    def compare(self) -> None:
        """Open the comparison of the chosen runs."""
        self.page.get_by_role("button", name="Compare", exact=True).click()
        expect(self.page.get_by_role("heading", name="Comparing")).to_be_visible(timeout=PATIENCE)
