"""The demo page of the service, as a visitor uses it: with a mouse, by keyboard, on a phone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from flows.serving.app import create_app
from tests.serving.models import shop
from tests.serving.services import listening, service

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with listening(create_app(service(tmp_path_factory.mktemp("demo"), shop()))) as found:
        yield found


def titles(page: "Page") -> list[str]:
    return [name.partition("item")[0] for name in page.locator("#recommended .name").all_inner_texts()]


def test_choosing_changes_the_list_and_says_why(page: "Page", address: str) -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(address) else None)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.get_by_text("10 products for a new visitor").wait_for()
    page.get_by_label("Search by title, category or number").fill("green 1")
    page.locator("#found").get_by_role("button", name="Choose green thing 13", exact=True).click()
    page.get_by_text("10 products after green thing 13").wait_for()
    assert all(title.startswith("green thing") for title in titles(page)[:3])
    first = titles(page)
    # One more click.
    page.locator("#recommended").get_by_role("button", name="Choose").first.click()
    page.get_by_role("list", name="Products chosen").get_by_role("listitem").nth(1).wait_for()
    page.get_by_text(f"10 products after {first[0].strip()}").wait_for()
    assert titles(page) != first
    assert page.locator(".moved", has_text="up").count() + page.locator(".moved", has_text="new").count() > 0
    page.get_by_role("button", name="Why").first.click()
    page.get_by_text("goes with").wait_for()
    assert page.get_by_text("You chose", exact=True).is_visible()
    page.get_by_role("button", name="Start over").click()
    page.get_by_text("10 products without any choice").wait_for()
    assert (elsewhere, troubles) == ([], [])


def test_by_keyboard_on_a_phone(page: "Page", address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address)
    page.get_by_text("10 products for a new visitor").wait_for()
    page.keyboard.press("Tab")  # the link to the API
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "query"
    page.keyboard.type("blue thing 2")
    for other in ("red", "green"):
        page.locator("#found li", has_text=other).first.wait_for(state="detached")
    page.keyboard.press("ArrowDown")
    chosen = page.evaluate("document.activeElement.getAttribute('aria-label')").removeprefix("Choose ")
    assert chosen.startswith("blue thing")
    page.keyboard.press("Enter")
    page.get_by_text(f"10 products after {chosen}").wait_for()
    assert all(title.startswith("blue thing") for title in titles(page)[:3])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    why = page.get_by_role("button", name="Why").first
    why.focus()
    page.keyboard.press("Enter")
    page.locator(".why", has_text="goes with").wait_for()
    # A reason without weight is none, and no sentence ends in a colon.
    assert not [cell for cell in page.locator(".why td").all_inner_texts() if cell == "0.000"]
    assert not [text for text in page.locator(".why p").all_inner_texts() if text.rstrip().endswith(":")]
    # The buttons of a row stand side by side, below the name.
    row = page.locator("#recommended li").last
    heights = {button.bounding_box()["y"] for button in row.get_by_role("button").all()}  # type: ignore[index]
    assert len(heights) == 1
    assert why.get_attribute("aria-expanded") == "true"
    for button in page.get_by_role("button").all():
        if button.is_visible():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 40
