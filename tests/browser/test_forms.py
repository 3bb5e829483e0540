"""The front door: a form is filled in, a run comes of it; what cannot be is stopped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from tasks.overrides import choices
from tasks.runs.home import REPOSITORY
from tests.browser.conftest import QUICK, Ui, clean_environment

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.prefect_pages import Api, Form

FILES = ("flows", "tasks", "lightning_modules", "conf", "prefect.yaml", "pyproject.toml")


def composed(api: "Api", flow_run: str) -> dict:
    """The configuration among the artifacts of a run."""
    text = api.artifact(flow_run, "configuration")["data"]
    return yaml.safe_load(text.removeprefix("```yaml\n").removesuffix("```\n"))


def test_what_is_chosen_is_what_runs(form: "Form", api: "Api", ui: Ui) -> None:
    form.open("train")
    chosen = {"dataset": "block_world", "network": "article_formula", "loss": "hinge", "trainer": "smoke"}
    chosen |= {"augmentation": "virtual_neighbours", "recommender": "item_knn_cosine", "split": "user_holdout"}
    for name, option in chosen.items():
        form.choose(name, option)
    form.fill("seed", 3)
    form.fill("epochs", 1)
    for override in ("network.hidden=8", *QUICK):
        form.add(override)
    before = {run["id"] for run in api.runs()}
    form.submit()
    run = api.wait(api.new_run(before), ("Completed",))
    assert run["name"].startswith(
        "train block_world-article_formula-hinge-seed3 · virtual_neighbours · item_knn_cosine · smoke · user_holdout"
    )
    said = "recommender=item_knn_cosine trainer=smoke seed=3 trainer.max_epochs=1 network.hidden=8"
    (line,) = [line for line in api.log(run["id"]).splitlines() if line.startswith("composed: ")]
    assert line.startswith("composed: dataset=block_world split=user_holdout network=article_formula loss=hinge ")
    assert said in line
    config = composed(api, run["id"])
    assert config["dataset"]["_target_"].endswith("BlockWorld")
    assert config["network"]["_target_"].endswith("ArticleFormula")
    assert config["loss"]["_target_"].endswith("Hinge")
    assert config["augmentation"]["_target_"].endswith("VirtualNeighbours")
    assert config["recommender"]["_target_"].endswith("ItemKNNCosine")
    assert config["split"]["_target_"].endswith("UserHoldoutSplit")
    assert config["trainer"]["accelerator"] == "cpu"
    assert (config["seed"], config["trainer"]["max_epochs"], config["network"]["hidden"]) == (3, 1, 8)
    # What the run's page shows besides: our own words, and Lightning's.
    assert "block_world: 7,200 rows in" in api.log(run["id"])
    # Nothing is copied for a run: the checkout may hold gigabytes of data.
    assert "Downloading" not in api.log(run["id"])
    # One run, in all three places, under one name.
    assert len(list(ui.home.runs.glob("block_world-article_formula-hinge-seed3-*"))) == 1
    form.page.goto(f"{ui.pages}/runs/flow-run/{run['id']}")
    form.page.get_by_text("Completed").first.wait_for()
    form.page.get_by_text("ingest").first.wait_for()


@pytest.mark.parametrize(("name", "number", "words"), [("seed", -1, "greater"), ("epochs", 100_000, "less")])
def test_a_number_out_of_bounds_is_stopped(form: "Form", api: "Api", name: str, number: int, words: str) -> None:
    form.open("train")
    form.fill(name, number)
    before = {run["id"] for run in api.runs()}
    form.submit()
    assert words in form.control(name).evaluate("control => control.validationMessage")
    form.page.wait_for_timeout(1000)
    assert form.page.url.split("?")[0].endswith("/run")
    assert {run["id"] for run in api.runs()} == before


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"network": "nope"}, "network"),
        ({"seed": "many"}, "seed"),
        ({"epochs": -1}, "epochs"),
        ({"overrides": "seed=1"}, "overrides"),
    ],
)
def test_what_passes_the_form_by_is_answered_with_the_name_of_the_field(
    api: "Api", parameters: dict, field: str
) -> None:
    deployment = api.deployment("train")["id"]
    answer = httpx.post(
        f"{api.address}/api/deployments/{deployment}/create_flow_run", json={"parameters": parameters}, timeout=30
    )
    assert answer.status_code in (409, 422)
    assert field in answer.text


def test_an_override_cannot_name_code(api: "Api") -> None:
    overrides = ["network._target_=os.system"]
    run = api.start("train", {"dataset": "block_world", "trainer": "smoke", "overrides": overrides})
    message = api.wait(run, ("Failed",))["state"]["message"]
    assert "ConfigError" in message
    assert "'_target_' names code to run" in message


def test_every_deployment_has_its_form(form: "Form", ui: Ui) -> None:
    page = form.page
    page.goto(f"{ui.pages}/deployments")
    for name, first_field in (("benchmark", "datasets"), ("recommend", "model"), ("sweep", "space")):
        form.open(name)
        page.get_by_text(first_field).first.wait_for()


def test_a_new_network_shows_after_redeployment(form: "Form", ui: Ui, tmp_path: Path) -> None:
    form.open("train")
    assert form.options("network") == list(choices("network"))
    for name in FILES:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    text = (tmp_path / "conf" / "network" / "article_formula.yaml").read_text()
    (tmp_path / "conf" / "network" / "wider.yaml").write_text(text.replace("hidden: 64", "hidden: 256"))
    redeploy(tmp_path, ui)
    form.open("train")
    assert form.options("network") == sorted([*choices("network"), "wider"])
    redeploy(REPOSITORY, ui)
    form.open("train")
    assert form.options("network") == list(choices("network"))


def redeploy(checkout: Path, ui: Ui) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.deploy"],
        cwd=checkout,
        env=os.environ | clean_environment(ui.home) | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"deployed to {ui.prefect}/api\n"


def test_pages_send_nothing_off_the_machine(page: "Page", ui: Ui) -> None:
    asked, stopped = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: stopped.append(request.url))
    page.goto(f"{ui.pages}/deployments")
    page.get_by_text("recommend").first.wait_for()
    page.goto(ui.runs_table)
    page.get_by_text("Run Name").first.wait_for()
    page.wait_for_timeout(2000)
    local = (ui.prefect, ui.mlflow, "data:", "blob:")
    assert [url for url in asked if not url.startswith(local) and url not in stopped] == []
