"""The report of a run, opened as a file: alone, and on a phone."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Ui

if TYPE_CHECKING:
    from playwright.sync_api import Page

DESK, PHONE = {"width": 1280, "height": 1000}, {"width": 375, "height": 812}


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_report_opens_alone(page: "Page", trained: list[str], ui: Ui, size: dict[str, int]) -> None:
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    report = max(ui.home.runs.glob("block_world-*/report.html"))
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(report.as_uri())
    page.get_by_role("heading", name="Does it serve new users better?").first.wait_for()
    # All of it is drawn, the figures below the fold as well.
    page.mouse.wheel(0, 100_000)
    page.wait_for_load_state("networkidle")
    pictures = page.locator("img, svg")
    assert pictures.count() > 3
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1], "it scrolls sideways"
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert said == []
