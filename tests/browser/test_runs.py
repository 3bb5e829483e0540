"""What a run shows on Prefect's and MLflow's pages: while it goes on, when it is cancelled, when it is done."""

import re
import time
from typing import TYPE_CHECKING

from tasks.tracking.server import runs_table
from tasks.tracking.views import VIEW_NAME, VIEW_TAG
from tests.browser.conftest import QUICK, Ui

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.mlflow_pages import Tracked
    from tests.browser.prefect_pages import Api

EXPERIMENT = "coldcart/block_world"
CANCEL_SECONDS = 60
"""The worker must notice; the training itself stops within seconds, which tests/flows/test_cancel.py shows."""


def test_cancel_on_the_page_ends_the_run(page: "Page", api: "Api", tracked: "Tracked", ui: Ui) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    slow = [override for override in QUICK if not override.startswith("trainer")] + ["trainer.min_steps=50"]
    chosen = {"dataset": "block_world", "trainer": "smoke", "seed": 9, "epochs": 100, "overrides": slow}
    run = RunPage(page, ui.pages, api.start("train", chosen))
    api.wait_for_log(run.id, "epoch 0:")
    # While it goes on, its progress moves.
    before = moved = _percent(run.artifact("training", api).inner_text())
    deadline = time.monotonic() + CANCEL_SECONDS
    while moved == before and time.monotonic() < deadline:
        page.reload()
        shown = page.get_by_text("Progress:")
        shown.wait_for()
        moved = _percent(shown.inner_text())
    assert 0 <= before < moved < 100
    run.cancel()
    api.wait(run.id, ("Cancelled",), CANCEL_SECONDS)
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=30_000)
    mlflow_run = tracked.of_flow_run(tracked.experiment(EXPERIMENT), run.id)
    assert mlflow_run["info"]["status"] == "KILLED"
    (folder,) = ui.home.runs.glob("block_world-conditional-relativistic-seed9-*")
    assert list(folder.rglob("last.ckpt"))


def _percent(text: str) -> float:
    (found,) = re.findall(r"Progress: ([0-9.]+)%", text)
    return float(found)


def test_artifacts_show_what_came_out(page: "Page", api: "Api", trained: list[str], ui: Ui) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    run = RunPage(page, ui.pages, trained[0])
    assert {"training", "accuracy", "report", "mlflow-run"} <= set(run.artifacts())
    assert _percent(run.artifact("training", api).inner_text()) == 100

    table = run.artifact("accuracy", api)
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads[:4] == ["figure", "method", "s = 0", "s = 1"]
    rows = [row.get_by_role("cell").all_inner_texts() for row in table.get_by_role("row").all()[1:]]
    assert {row[0] for row in rows} >= {"HR@10", "NDCG@10"}
    assert all(0 <= float(row[2]) <= 1 for row in rows if row[1])
    # The baselines come first, ours last.
    assert rows[0][1] == "popularity"

    report = run.artifact("report", api)
    expect(report.get_by_role("heading", level=1)).to_contain_text("block_world-")
    for shown in report.get_by_role("table").all():
        # What stands beside it is not written over.
        assert shown.evaluate("table => table.scrollWidth <= table.closest('[role=tabpanel]').clientWidth + 1")


def test_links_lead_to_the_run_and_its_report_in_mlflow(page: "Page", api: "Api", trained: list[str], ui: Ui) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    run = RunPage(page, ui.pages, trained[0])
    run.artifact("mlflow-run", api).get_by_role("link", name="MLflow run").click()
    expect(page.get_by_text("About this run")).to_be_visible(timeout=30_000)
    assert page.url.startswith(ui.mlflow)
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    run.artifact("report", api).get_by_role("link", name="The full report").click()
    # With the menu of training runs beside it; the log ends with the same address.
    expect(page.get_by_role("link", name="Model registry")).to_be_visible(timeout=30_000)
    assert f"report: {page.url}" in api.log(trained[0]).splitlines()
    shown = page.frame_locator("iframe.mlflow-html-iframe").get_by_role("heading", name="Does it serve new users")
    expect(shown.first).to_be_visible(timeout=30_000)


def test_mlflow_shows_runs_with_their_metrics_and_compares_them(
    page: "Page", tracked: "Tracked", trained: list[str], ui: Ui
) -> None:
    from playwright.sync_api import expect

    from tests.browser.mlflow_pages import RunsTable

    experiment = tracked.experiment(EXPERIMENT)
    runs = [tracked.of_flow_run(experiment, flow_run) for flow_run in trained]
    ids = [run["info"]["run_id"] for run in runs]
    metrics = [{metric["key"]: metric["value"] for metric in run["data"]["metrics"]} for run in runs]
    name = next(key for key in sorted(metrics[0].keys() & metrics[1].keys()) if "ndcg" in key)
    table = RunsTable(page, ui.mlflow, experiment)
    table.open()
    table.show_metric(name)
    for run_id, values in zip(ids, metrics, strict=True):
        expect(table.cells(run_id).filter(has_text=_as_shown(values[name])).first).to_be_visible(timeout=30_000)
        table.choose(run_id)
    table.compare()
    for run_id in ids:
        expect(page.get_by_role("link", name=run_id)).to_be_visible()
    for tab in ("Parallel Coordinates Plot", "Scatter Plot"):
        page.get_by_role("tab", name=tab).click()
        drawn = page.get_by_role("tabpanel", name=tab).locator(".js-plotly-plot svg text")
        expect(drawn.first).to_be_visible(timeout=30_000)


def test_mlflow_has_a_view_with_the_figures_to_judge_by(
    page: "Page", tracked: "Tracked", trained: list[str], ui: Ui
) -> None:
    from playwright.sync_api import expect

    from tests.browser.mlflow_pages import RunsTable

    experiment = tracked.experiment(EXPERIMENT)
    # The table sorts its columns, and draws those that fit.
    metric = min(name for name in tracked.shown_by(experiment, VIEW_TAG) if "/hybrid/" in name)
    run = tracked.having(experiment, metric)
    (value,) = [one["value"] for one in run["data"]["metrics"] if one["key"] == metric]
    table = RunsTable(page, ui.mlflow, experiment)
    table.open()
    table.choose_view(VIEW_NAME)
    shown = table.cells(run["info"]["run_id"])
    expect(shown.filter(has_text=_as_shown(value)).first).to_be_visible(timeout=30_000)
    # What `make ui` prints from then on leads there at once.
    page.goto("about:blank")
    page.goto(runs_table(ui.mlflow, EXPERIMENT))
    expect(page.get_by_role("button", name=VIEW_NAME)).to_be_visible(timeout=30_000)


def _as_shown(value: float) -> str:
    """The first digits of a number, however many a table shows."""
    return f"{value:.6f}"[:5]
