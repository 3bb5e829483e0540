"""Prefect's pages as a person uses them: forms, runs, logs."""

import time
from dataclasses import dataclass

import httpx
from playwright.sync_api import Locator, Page, expect

PATIENCE = 30_000
"""Milliseconds for a page to show something, on a busy machine."""
NOTHING_YET = ("", "Show Raw Data")
"""What the panel of an artifact says before the artifact is there."""


@dataclass(frozen=True)
class Form:
    """The form that starts a run of a deployment.

    Attributes:
        page: A browser's page.
        address: Of Prefect's server or pages.

    """

    page: Page
    address: str

    def open(self, name: str) -> None:
        """Open the form of the deployment ``name``, by the way a person takes."""
        self.page.goto(f"{self.address}/deployments")
        self.page.get_by_role("link", name=name, exact=True).first.click(timeout=PATIENCE)
        self.page.get_by_role("button", name="Run", exact=True).click(timeout=PATIENCE)
        self.page.get_by_role("menuitem", name="Custom run").click()
        expect(self.page.get_by_text("Run Name")).to_be_visible(timeout=PATIENCE)

    def control(self, name: str) -> Locator:
        """The control of a field: a drop-down, or where one types."""
        return self.page.get_by_label(name, exact=False).first

    def options(self, name: str) -> list[str]:
        """What a drop-down offers."""
        self._drop_down(name)
        texts = [text.strip() for text in self.page.get_by_role("option").all_inner_texts()]
        self.page.keyboard.press("Escape")
        self._closed()
        return texts

    def choose(self, name: str, option: str) -> None:
        """Choose an option of a drop-down."""
        self._drop_down(name)
        self.page.get_by_role("option", name=option, exact=True).click()
        self._closed()
        expect(self.control(name)).to_have_text(option)

    def toggle(self, name: str, *options: str) -> None:
        """Choose options of a drop-down that takes several, and drop those that were chosen."""
        self._drop_down(name)
        for option in options:
            self.page.get_by_role("option", name=option, exact=True).click()
        self.page.keyboard.press("Escape")
        self._closed()

    def _drop_down(self, name: str) -> None:
        self.control(name).click()
        expect(self.page.get_by_role("option").first).to_be_visible(timeout=PATIENCE)

    def _closed(self) -> None:
        """A list that is still fading away would close the next one."""
        expect(self.page.get_by_role("option")).to_have_count(0, timeout=PATIENCE)

    def fill(self, name: str, value: object) -> None:
        """Type into a field for text or a number."""
        self.control(name).fill(str(value))

    def add(self, value: str) -> None:
        """Add an entry to the last list of the form, the overrides."""
        self.page.get_by_role("button", name="Add item").last.click()
        self.page.locator("textarea, input[type=text]").filter(visible=True).last.fill(value)

    def submit(self) -> None:
        """Press the button, whatever comes of it."""
        self.page.get_by_role("button", name="Submit").click()


@dataclass(frozen=True)
class Api:
    """What Prefect's API knows of runs; pages are for people, waiting is quicker here.

    Attributes:
        address: Of Prefect's server or pages.

    """

    address: str

    def post(self, path: str, **body: object) -> object:
        answer = httpx.post(f"{self.address}/api/{path}", json=body, timeout=90)
        if answer.status_code == 503:
            # Says "try again", as when SQLite is busy; Prefect's own clients do.
            time.sleep(2)
            return self.post(path, **body)
        answer.raise_for_status()
        return answer.json()

    def runs(self) -> list[dict]:
        """All runs, the latest first."""
        found = self.post("flow_runs/filter", sort="START_TIME_DESC", limit=50)
        assert isinstance(found, list)
        return found

    def run(self, flow_run: str) -> dict:
        return httpx.get(f"{self.address}/api/flow_runs/{flow_run}", timeout=30).json()

    def deployment(self, name: str) -> dict:
        return httpx.get(f"{self.address}/api/deployments/name/{name}/{name}", timeout=30).json()

    def start(self, name: str, parameters: dict) -> str:
        """Start a run without a form; gives its id."""
        started = self.post(f"deployments/{self.deployment(name)['id']}/create_flow_run", parameters=parameters)
        assert isinstance(started, dict)
        return started["id"]

    def new_run(self, before: set[str], seconds: float = 30, deployment: str | None = None) -> str:
        """Id of the run that came after those, of one deployment where that is named."""
        end = time.monotonic() + seconds
        wanted = self.deployment(deployment)["id"] if deployment else None
        while not (
            new := [
                run["id"] for run in self.runs() if run["id"] not in before and wanted in (None, run["deployment_id"])
            ]
        ):
            assert time.monotonic() < end, "no run came of it"
            time.sleep(0.3)
        return new[0]

    def wait(self, flow_run: str, states: tuple[str, ...], seconds: float = 240) -> dict:
        """Wait until a run is in one of these states, by name."""
        end = time.monotonic() + seconds
        while (found := self.run(flow_run))["state_name"] not in states:
            ended = found["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
            assert not ended, f"{found['name']} is {found['state']}\n{self.log(flow_run)}"
            assert time.monotonic() < end, f"{found['name']} is {found['state_name']} after {seconds} s"
            time.sleep(0.5)
        return found

    def wait_for_log(self, flow_run: str, words: str, seconds: float = 120) -> None:
        """Wait until the log of a run says something."""
        end = time.monotonic() + seconds
        while words not in (said := self.log(flow_run)):
            assert time.monotonic() < end, f"{words!r} is not in the log after {seconds} s\n{said}"
            time.sleep(0.5)

    def log(self, flow_run: str) -> str:
        """The log of a run."""
        wanted = {"flow_run_id": {"any_": [flow_run]}}
        found = self.post("logs/filter", logs=wanted, sort="TIMESTAMP_ASC", limit=200)
        assert isinstance(found, list)
        return "\n".join(entry["message"] for entry in found)

    def artifact(self, flow_run: str, name: str) -> dict:
        """An artifact of a run, its newest version."""
        wanted = {"key": {"any_": [name]}, "flow_run_id": {"any_": [flow_run]}}
        found = self.post("artifacts/filter", artifacts=wanted, sort="CREATED_DESC")
        assert isinstance(found, list)
        return found[0]


@dataclass(frozen=True)
class RunPage:
    """The page of a run, and the pages of its artifacts.

    Attributes:
        page: A browser's page.
        address: Of Prefect's pages.
        id: Of the flow run.

    """

    page: Page
    address: str
    id: str

    def open(self) -> None:
        """Open the run's page."""
        self.page.goto(f"{self.address}/runs/flow-run/{self.id}")

    def artifacts(self) -> dict[str, str]:
        """What the run's artifacts are, by their names, as the page shows them."""
        self.open()
        self.page.get_by_role("tab", name="Artifacts").click(timeout=PATIENCE)
        cards = self.page.get_by_role("tabpanel", name="Artifacts").get_by_role("link")
        cards.first.wait_for(timeout=PATIENCE)
        return {card.get_by_role("heading").inner_text(): card.inner_text() for card in cards.all()}

    def artifact(self, name: str, api: Api) -> Locator:
        """Open an artifact by the way a person takes: tab, card and, where the page lists versions, this run's."""
        self.artifacts()
        cards = self.page.get_by_role("tabpanel", name="Artifacts").get_by_role("link")
        cards.filter(has=self.page.get_by_role("heading", name=name, exact=True)).first.click()
        found = api.artifact(self.id, name)["id"]
        version = self.page.get_by_role("link", name=found[:8], exact=True)
        opened = self.page.get_by_role("tab", name="Raw")
        version.or_(opened).first.wait_for(timeout=PATIENCE)
        if version.is_visible():
            version.click()
            # Until then, what is read may still be the list of versions.
            self.page.wait_for_url(f"**/artifact/{found}*", timeout=PATIENCE)
        expect(opened).to_be_visible(timeout=PATIENCE)
        panel = self.page.get_by_role("tabpanel", name="Artifact")
        # The switch stands there before what it switches does, and again where the page is drawn anew.
        end, before = time.monotonic() + PATIENCE / 1000, ""
        while ((now := panel.inner_text()) != before or now.strip() in NOTHING_YET) and time.monotonic() < end:
            before = now
            self.page.wait_for_timeout(300)
        return panel

    def cancel(self) -> None:
        """Cancel the run, and confirm it."""
        self.open()
        self.page.get_by_role("button", name="Open menu").click(timeout=PATIENCE)
        self.page.get_by_role("menuitem", name="Cancel").click()
        self.page.get_by_role("alertdialog").get_by_role("button", name="Cancel Flow Run").click()
