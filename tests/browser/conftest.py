"""One `python -m flows.ui` and one Chromium for all browser tests; both end with the session."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tasks.runs import Home
from tasks.runs.home import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.mlflow_pages import Tracked
    from tests.browser.prefect_pages import Api, Form

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS, END_SECONDS = 270, 60
QUICK = ("trainer.min_steps=2", "baselines=[popularity]", "metrics=[ndcg,hit_rate]", "refit=false")
"""Overrides of a training that shall not take long."""
OUTPUT = REPOSITORY / "tests" / "output" / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Ui:
    """What `python -m flows.ui` serves.

    Attributes:
        home: Where its state lives.
        process: The command.
        prefect: Address of Prefect's server.
        mlflow: Address of MLflow's server.
        said: What it printed.

    """

    home: Home
    process: subprocess.Popen[str]
    prefect: str
    mlflow: str
    said: str

    @property
    def pages(self) -> str:
        """Address of Prefect's pages."""
        return f"{self.prefect}/v2"

    @property
    def runs_table(self) -> str:
        """Address of MLflow's table of runs, as printed."""
        (line,) = [line for line in self.said.splitlines() if line.startswith("MLflow")]
        return line.split()[1]


def clean_environment(home: Home) -> dict[str, str]:
    """Nothing of Prefect's or MLflow's, so that what a developer or another test has set does not decide."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    return kept | {"COLDCART_HOME": str(home.root), "PYTHONPATH": str(REPOSITORY)}


def processes_of(home: Home) -> list[psutil.Process]:
    """Everything that works on a home, whoever its parent is."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("COLDCART_HOME") == str(home.root):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """Both servers, the deployments and a worker; at the end Ctrl-C must leave no process behind."""
    _chromium()
    home = Home(tmp_path_factory.mktemp("ui") / "home")
    log = tmp_path_factory.mktemp("said") / "ui.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.ui"],
            cwd=REPOSITORY,
            env=clean_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        patience = time.monotonic() + START_SECONDS
        while "Ctrl-C" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < patience, log.read_text()
            time.sleep(0.5)
        addresses = json.loads(home.ui.read_text())
        yield Ui(home, process, addresses["prefect"], addresses["mlflow"], log.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(END_SECONDS)
    assert process.returncode == 0, log.read_text()
    assert [left.cmdline() for left in processes_of(home)] == []


def _chromium() -> str:
    pytest.importorskip("playwright", reason="Playwright is not installed: pip install -e '.[dev]'")
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    pytest.skip("there is no Chromium; on Debian: apt-get install chromium, then make test-ui again")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """The system's Chromium, without a window."""
    path = _chromium()
    from playwright.sync_api import sync_playwright

    # Chromium's sandbox refuses to run as root, as which continuous integration runs.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=options)
        yield started
        started.close()


@pytest.fixture
def page(browser: "Browser", request: pytest.FixtureRequest) -> "Iterator[Page]":
    """A page of its own; how it looked at the end is kept under tests/output/browser."""
    opened = browser.new_page(viewport={"width": 1280, "height": 1400}, reduced_motion="reduce")
    opened.set_default_timeout(30_000)
    yield opened
    OUTPUT.mkdir(parents=True, exist_ok=True)
    opened.screenshot(path=OUTPUT / f"{request.node.name}.png", full_page=True)
    opened.close()


@pytest.fixture
def form(page: "Page", ui: Ui) -> "Form":
    """The forms that start runs."""
    from tests.browser.prefect_pages import Form

    return Form(page, ui.pages)


@pytest.fixture(scope="session")
def api(ui: Ui) -> "Api":
    """What Prefect's API knows of runs."""
    from tests.browser.prefect_pages import Api

    return Api(ui.prefect)


@pytest.fixture(scope="session")
def tracked(ui: Ui) -> "Tracked":
    """What MLflow's API knows of runs."""
    from tests.browser.mlflow_pages import Tracked

    return Tracked(ui.mlflow)


@pytest.fixture(scope="session")
def trained(api: "Api") -> list[str]:
    """Two completed trainings of the block world, as ids of flow runs; those of other tests will do."""

    def completed() -> list[str]:
        return [run["id"] for run in api.runs() if run["name"].startswith("train") and run["state_name"] == "Completed"]

    for loss in ("relativistic", "least_squares")[len(completed()) :]:
        chosen = {"dataset": "block_world", "split": "user_holdout", "loss": loss, "trainer": "smoke"}
        api.wait(api.start("train", {**chosen, "overrides": list(QUICK)}), ("Completed",))
    return completed()[:2]
