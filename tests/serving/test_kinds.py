"""Events of kinds: what the service refuses, keeps and answers for a model that was trained with them."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient

from tasks.model_format import EventKinds
from tasks.serving.served_model import ServedModel
from tests.serving.models import shop_model
from tests.serving.services import client

KINDS = EventKinds({"view": 1.0, "purchase": 8.0, "hover": 0.0}, usual=1.0, unknown="error")
VIEWED_1 = [{"item_id": "item0", "kind": "purchase"}, {"item_id": "item1", "kind": "view"}]
VIEWED_0 = [{"item_id": "item0", "kind": "view"}, {"item_id": "item1", "kind": "purchase"}]


def shop_of(kinds: EventKinds) -> ServedModel:
    return ServedModel(dataclasses.replace(shop_model(), kinds=kinds), "coldcart-shop/1")


@pytest.fixture
def kinds_api(tmp_path: Path) -> Iterator[TestClient]:
    with client(tmp_path, shop_of(KINDS)) as opened:
        yield opened


def answer(api: TestClient, **body: object) -> list[tuple[str, float]]:
    found = api.post("/v1/recommend", json={"k": 12, **body})
    assert found.status_code == 200, found.text
    return [(item["item_id"], item["score"]) for item in found.json()["items"]]


def blocks(listed: list[tuple[str, float]]) -> list[int]:
    return [int(item.removeprefix("item")) % 3 for item, _ in listed]


def test_what_was_bought_leads_the_list(kinds_api: TestClient) -> None:
    one, other = (answer(kinds_api, events=events) for events in (VIEWED_1, VIEWED_0))
    assert blocks(one)[0] == 0
    assert blocks(other)[0] == 1
    assert one != other


def test_the_list_is_the_one_of_recommend(kinds_api: TestClient) -> None:
    events = [*VIEWED_1, {"item_id": "item2"}, {"item_id": "item5", "kind": "hover"}]
    table = pl.DataFrame(
        {
            "user_id": ["x"] * 4,
            "item_id": [event["item_id"] for event in events],
            "kind": [event.get("kind") for event in events],
        }
    )
    expected = shop_of(KINDS).model.recommend(table, k=12)
    listed = answer(kinds_api, user_id="x", events=events)
    assert [item for item, _ in listed] == expected["item_id"].to_list()
    assert [score for _, score in listed] == pytest.approx(expected["score"].to_list())


def test_the_store_keeps_the_kind(kinds_api: TestClient) -> None:
    stored = [{"user_id": "anna", "timestamp": f"2026-01-0{n}T10:00:00Z", **one} for n, one in enumerate(VIEWED_1, 1)]
    assert kinds_api.post("/v1/events", json={"events": stored}).json()["accepted"] == 2
    seen = answer(kinds_api, user_id="anna")
    assert seen == answer(kinds_api, user_id="anna", events=[{"item_id": "item1", "kind": "view"}])
    bought = {"user_id": "anna", "item_id": "item1", "kind": "purchase", "timestamp": "2026-01-03T10:00:00Z"}
    assert kinds_api.post("/v1/events", json={"events": [bought]}).json()["accepted"] == 1
    after = answer(kinds_api, user_id="anna")
    assert blocks(after).count(1) > blocks(seen).count(1)


def test_a_kind_of_weight_0_is_kept_and_changes_nothing(kinds_api: TestClient) -> None:
    before = answer(kinds_api, user_id="ben")
    hovered = {"user_id": "ben", "item_id": "item1", "kind": "hover"}
    assert kinds_api.post("/v1/events", json={"events": [hovered]}).json()["accepted"] == 1
    assert answer(kinds_api, user_id="ben") == before


ASKING = [
    ("/v1/recommend", {}),
    ("/v1/rerank", {"items": ["item1"]}),
    ("/v1/explain", {"item_id": "item3"}),
    ("/v1/segments/assign", {}),
]


@pytest.mark.parametrize(("path", "body"), ASKING)
def test_an_unknown_kind_names_its_field(kinds_api: TestClient, path: str, body: dict[str, object]) -> None:
    found = kinds_api.post(path, json={**body, "events": [*VIEWED_1, {"item_id": "item2", "kind": "View"}]})
    assert found.status_code == 422
    assert found.json()["fields"] == [
        {
            "field": "events.2.kind",
            "problem": "expected one of the kinds of events that the model knows (view, purchase, hover), got 'View'",
        }
    ]


def test_of_events_with_an_unknown_kind_none_is_written(kinds_api: TestClient) -> None:
    events = [{"user_id": "carl", **one} for one in (*VIEWED_1, {"item_id": "item2", "kind": "stare"})]
    found = kinds_api.post("/v1/events", json={"events": events})
    assert found.status_code == 422
    assert [problem["field"] for problem in found.json()["fields"]] == ["events.2.kind"]
    body = kinds_api.post("/v1/recommend", json={"user_id": "carl"}).json()
    assert body["known_events"] == 0


@pytest.mark.parametrize("kinds", [EventKinds(), EventKinds({"view": 1.0, "purchase": 8.0}, unknown="ignore")])
def test_other_models_take_any_kind(tmp_path: Path, kinds: EventKinds) -> None:
    stared = {"user_id": "dora", "item_id": "item1", "kind": "stare"}
    with client(tmp_path, shop_of(kinds)) as api:
        assert api.post("/v1/events", json={"events": [stared]}).json()["accepted"] == 1
        known = api.post("/v1/recommend", json={"user_id": "dora"}).json()["known_events"]
    assert known == (0 if kinds.weights else 1)
