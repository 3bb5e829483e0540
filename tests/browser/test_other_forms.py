"""The forms beside that of a training, each filled in and run once."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import QUICK, Ui

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.mlflow_pages import Tracked
    from tests.browser.prefect_pages import Api, Form

CHAMPION = "models:/coldcart-block_world@champion"


def submitted(form: "Form", api: "Api", name: str) -> dict:
    """Submit a form, and wait for its run; the trials of a sweep are runs, too."""
    before = {run["id"] for run in api.runs()}
    form.submit()
    return api.wait(api.new_run(before, deployment=name), ("Completed",))


def test_a_benchmark(form: "Form", api: "Api", tracked: "Tracked", ui: Ui, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    form.open("benchmark")
    form.toggle("datasets", "ml_100k", "block_world")
    form.toggle("methods", "popularity", "user_knn_cosine")
    form.fill("trials", 2)
    form.fill("output", tmp_path / "results")
    form.add("workers=1")
    run = submitted(form, api, "benchmark")
    assert run["name"].startswith("benchmark popularity, user_knn_cosine on block_world · 2 trials, 1 seeds")
    shown = RunPage(form.page, ui.pages, run["id"])
    assert set(shown.artifacts()) == {"mlflow-run", "benchmark", "results"}
    expect(shown.artifact("results", api).get_by_role("heading", level=1)).to_have_text("Results on new users")
    parent = tracked.of_flow_run(tracked.experiment("coldcart/benchmark"), run["id"])
    assert parent["info"]["status"] == "FINISHED"
    methods = {tags["method"] for tags in tracked.children(parent)}
    # Uses of the methods are measured beside three yardsticks.
    assert methods == {"popularity", "user_knn_cosine", "random", "activity", "support_popularity"}
    assert (tmp_path / "results" / "results.md").is_file()


def test_a_sweep(form: "Form", api: "Api", tracked: "Tracked", ui: Ui) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    form.open("sweep")
    # As the form is: the demo, on its own world. Two trials instead of six.
    form.add("sweep.trials=2")
    run = submitted(form, api, "sweep")
    assert run["name"] == "sweep demo · sweep.trials=2"
    shown = RunPage(form.page, ui.pages, run["id"])
    assert set(shown.artifacts()) == {"mlflow-run", "sweep", "trials"}
    table = shown.artifact("trials", api)
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads == ["trial", "loss", "seed", "ended", "objective", "seconds"]
    rows = [row.get_by_role("cell").all_inner_texts() for row in table.get_by_role("row").all()[1:]]
    assert [row[3] for row in rows] == ["finished", "finished"]
    assert float(rows[0][4]) >= float(rows[1][4])
    parent = tracked.of_flow_run(tracked.experiment("coldcart/block_world"), run["id"])
    assert {tags["trial"] for tags in tracked.children(parent)} == {row[0] for row in rows}
    (best,) = [tag["value"] for tag in parent["data"]["tags"] if tag["key"] == "best_trial"]
    assert best == rows[0][0]
    shown.artifact("mlflow-run", api).get_by_role("link", name="MLflow run").click()
    expect(form.page.get_by_role("heading", name="sweep demo")).to_be_visible(timeout=30_000)
    # The menu beside it is that of training runs.
    expect(form.page.get_by_role("link", name="Model registry")).to_be_visible()


@pytest.fixture
def champion(api: "Api") -> str:
    """A registered model of the block world."""
    overrides = [*QUICK, "register=true"]
    chosen = {"dataset": "block_world", "trainer": "smoke", "seed": 5, "overrides": overrides}
    api.wait(api.start("train", chosen), ("Completed",))
    return CHAMPION


def test_recommendations_of_the_champion(form: "Form", api: "Api", ui: Ui, champion: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    events, lists = tmp_path / "new.csv", tmp_path / "lists.csv"
    events.write_text("user_id,item_id\nanna,i3\nanna,i6\nbert,i1\n")
    form.open("recommend")
    form.fill("model", champion)
    form.fill("events", events)
    form.fill("output", lists)
    form.fill("k (Optional)", 4)
    run = submitted(form, api, "recommend")
    assert run["name"] == f"recommend 4 items to {events} · model {champion}"
    shown = RunPage(form.page, ui.pages, run["id"]).artifact("lists", api)
    expect(shown).to_contain_text("2 users, 4 items each")
    expect(shown).to_contain_text("3, of which 0 name items the model does not know")
    assert len(lists.read_text().splitlines()) == 1 + 2 * 4
    assert f"2 users, 4 items each: {lists}" in api.log(run["id"])


def test_a_refresh_and_its_way_back(form: "Form", api: "Api", tracked: "Tracked", ui: Ui) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    name = "coldcart-growing"
    model = f"models:/{name}@champion"
    overrides = [*QUICK[:-1], "dataset.until=2021-03-10", "register=true", f"model_name={name}"]
    api.wait(
        api.start("train", {"dataset": "block_world", "trainer": "smoke", "seed": 6, "overrides": overrides}),
        ("Completed",),
    )
    form.open("refresh")
    form.fill("model", model)
    form.fill("epochs", 1)
    form.add("minimum_users=10")
    form.add("margin=0.9")
    run = submitted(form, api, "refresh")
    assert run["name"] == f"refresh {model} · 1 epochs · minimum_users=10 · margin=0.9"
    shown = RunPage(form.page, ui.pages, run["id"])
    assert set(shown.artifacts()) == {"mlflow-run", "challenger", "refit", "refresh", "comparison"}
    expect(shown.artifact("refresh", api)).to_contain_text("instead of version: 1")
    asked = tracked.of_flow_run(tracked.experiment("coldcart/block_world"), run["id"])
    tags = {tag["key"]: tag["value"] for tag in asked["data"]["tags"]}
    assert (tags["refresh.decision"], tags["refresh.parent_version"]) == ("promoted", "1")
    back = api.wait(api.start("refresh", {"model": model, "rollback": True}), ("Completed",))
    assert back["name"] == f"roll back {model}"
    said = api.artifact(back["id"], "refresh")["data"]
    assert f"**rolled back**: {model} is version 1 again, instead of 2" in said


def test_a_budget_that_is_none_is_refused_beside_its_field(form: "Form", api: "Api") -> None:
    form.open("benchmark")
    form.fill("budget", "tomorrow")
    before = {run["id"] for run in api.runs()}
    form.submit()
    form.page.get_by_text("'tomorrow' does not match").first.wait_for()
    assert {run["id"] for run in api.runs()} == before


def test_a_mistake_in_an_override_is_said_in_one_line(form: "Form", api: "Api", page: "Page", ui: Ui) -> None:
    from playwright.sync_api import expect

    from tests.browser.prefect_pages import RunPage

    flow_run = api.start("sweep", {"overrides": ["network.widths=3"]})
    why = "network.widths: there is no such setting. Did you mean 'width'?"
    assert why in api.wait(flow_run, ("Failed",))["state"]["message"]
    shown = RunPage(page, ui.pages, flow_run)
    expect(shown.artifact("failure", api)).to_contain_text(why)
    assert f"error: {why}" in api.log(flow_run).splitlines()
