"""What the service answers."""

from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from flows.serving import answers
from flows.serving.examples import examples
from tasks.serving.served_model import ServedModel
from tasks.serving.settings import StateSettings
from tests.serving.services import client

TYPES = {
    "/v1/recommend": answers.RecommendOut,
    "/v1/rerank": answers.RerankOut,
    "/v1/explain": answers.ExplainOut,
    "/v1/audience": answers.AudienceOut,
    "/v1/segments/assign": answers.AssignOut,
    "/v1/events": answers.EventsOut,
}


def listed(api: TestClient, **body: object) -> list[str]:
    found = api.post("/v1/recommend", json=body)
    assert found.status_code == 200, found.text
    return [item["item_id"] for item in found.json()["items"]]


def event(user: str, item: str, name: str | None = None, **more: object) -> dict[str, object]:
    return {"user_id": user, "item_id": item, **({"event_id": name} if name else {}), **more}


def test_examples_of_the_page_work_as_they_stand(api: TestClient, red_shop: ServedModel) -> None:
    schema = api.get("/openapi.json").json()
    assert set(examples(red_shop)) == set(TYPES)
    for path, type_ in TYPES.items():
        body = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
        found = api.post(path, json=body)
        assert found.status_code == 200, (path, found.text)
        type_.model_validate(found.json())
    answers.SegmentsOut.model_validate(api.get("/v1/segments").json())
    answers.ItemsOut.model_validate(api.get("/v1/items").json())


def test_answers_are_those_of_recommend(api: TestClient, red_shop: ServedModel) -> None:
    items = ["item0", "item7", "item9"]
    events = pl.DataFrame({"user_id": ["x"] * 3, "item_id": items})
    expected = red_shop.model.recommend(events, k=8)
    body = api.post(
        "/v1/recommend", json={"user_id": "x", "events": [{"item_id": one} for one in items], "k": 8}
    ).json()
    assert [item["item_id"] for item in body["items"]] == expected["item_id"].to_list()
    assert [item["score"] for item in body["items"]] == pytest.approx(expected["score"].to_list())
    assert [item["evidence"] for item in body["items"]] == expected["evidence"].to_list()
    assert body["items"][0]["title"].endswith(body["items"][0]["item_id"].removeprefix("item"))


def test_guests_and_features(api: TestClient) -> None:
    everybody = listed(api, k=9)
    assert everybody == listed(api, k=9)
    red = listed(api, k=9, features={"segment": "s0"})
    assert {int(item.removeprefix("item")) % 3 for item in red} == {0}
    assert len(everybody) == 9


def test_an_event_changes_the_next_answer(api: TestClient) -> None:
    before = listed(api, user_id="anna", k=5)
    recorded = api.post("/v1/events", json={"events": [event("anna", "item1", "1"), event("anna", "item4", "2")]})
    assert recorded.json() == {"accepted": 2, "duplicates": 0, "beyond": 0, "unknown_items": []}
    after = listed(api, user_id="anna", k=5)
    assert after != before
    assert {int(item.removeprefix("item")) % 3 for item in after} == {1}
    assert listed(api, user_id="anna", events=[{"item_id": "item7"}], k=50).count("item7") == 0


def test_events_in_any_order_and_again(api: TestClient) -> None:
    events = [event("anna", f"item{n}", f"e{n}", timestamp=f"2026-01-0{n}T10:00:00Z") for n in range(1, 6)]
    events += [{**one, "user_id": "bert"} for one in reversed(events)]
    for one in events:
        assert api.post("/v1/events", json={"events": [one]}).json()["accepted"] == 1
    again = api.post("/v1/events", json={"events": events}).json()
    assert (again["accepted"], again["duplicates"]) == (0, 10)
    # Without an id, an event with a time is known by what it says.
    nameless = {"events": [event("carl", "item1", timestamp="2026-01-01T10:00:00Z")]}
    assert [api.post("/v1/events", json=nameless).json()["accepted"] for _ in range(2)] == [1, 0]
    assert api.post("/v1/rerank", json={"user_id": "anna", "items": ["item2"]}).json()["items"][0]["score"] is not None


def test_items_never_seen_are_kept_and_counted(api: TestClient) -> None:
    found = api.post("/v1/events", json={"events": [event("anna", "brand new", "1"), event("anna", "item1", "2")]})
    assert found.json()["unknown_items"] == ["brand new"]
    assert "coldcart_unknown_item_events_total 1.0" in api.get("/metrics").text
    body = api.post("/v1/recommend", json={"user_id": "anna"}).json()
    assert (body["unknown_items"], body["known_events"]) == (["brand new"], 1)


def test_state_survives_a_restart(tmp_path: Path, red_shop: ServedModel) -> None:
    with client(tmp_path, red_shop) as api:
        api.post("/v1/events", json={"events": [event("anna", "item1", "1")]})
        before = listed(api, user_id="anna")
    with client(tmp_path, red_shop, state=StateSettings(cached_users=0)) as api:
        assert listed(api, user_id="anna") == before
        assert listed(api, user_id="anna") != listed(api, user_id="bert")


def test_rerank_keeps_every_item(api: TestClient) -> None:
    asked = ["item5", "unheard of", "item4", "item4", "item1", "never"]
    body = api.post("/v1/rerank", json={"events": [{"item_id": "item1"}], "items": asked}).json()
    assert [item["item_id"] for item in body["items"]][-2:] == ["unheard of", "never"]
    assert sorted(item["item_id"] for item in body["items"]) == sorted(set(asked))
    assert [item["rank"] for item in body["items"]] == [1, 2, 3, 4, 5]
    assert body["items"][-1]["score"] is None


def test_audience_pages(api: TestClient) -> None:
    api.post("/v1/events", json={"events": [event("newcomer", "item1", "1"), event("newcomer", "item4", "2")]})
    pages, offset = [], 0
    while offset is not None:
        page = api.post("/v1/audience", json={"category": "green", "limit": 50, "offset": offset}).json()
        pages += page["users"]
        offset = page["next_offset"]
    assert len(pages) == page["total"] == page["considered"] == 121
    assert len({user["user_id"] for user in pages}) == 121
    assert [user["score"] for user in pages] == sorted((user["score"] for user in pages), reverse=True)
    assert "newcomer" in [user["user_id"] for user in pages[:41]]
    new = api.post("/v1/audience", json={"item_ids": ["item7"], "population": "new"}).json()
    assert [(user["user_id"], user["known"]) for user in new["users"]] == [("newcomer", False)]


def test_segments(api: TestClient) -> None:
    segments = api.get("/v1/segments").json()["segments"]
    assert [segment["users"] for segment in segments] == [40, 40, 40]
    mine = api.post("/v1/segments/assign", json={"events": [{"item_id": "item1"}]}).json()
    assert segments[mine["segment"]]["categories"][0] == "green"
    assert api.post("/v1/segments/assign", json={"features": {"segment": "s1"}}).json()["segment"] == mine["segment"]


def test_forgetting(tmp_path: Path, red_shop: ServedModel) -> None:
    with client(tmp_path, red_shop, exposure=True) as api:
        stranger = listed(api, user_id="somebody", k=30)
        assert listed(api, user_id="u4", k=30) != stranger
        api.post("/v1/events", json={"events": [event("u4", "item1", "1"), event("a/b ü", "item1", "1")]})
        assert api.delete("/v1/users/u4").json() == {"events": 1, "exposures": 1}
        assert api.delete("/v1/users/a%2Fb%20%C3%BC").json() == {"events": 1, "exposures": 0}
        # Neither what was stored nor what the model was fitted on is used.
        body = api.post("/v1/recommend", json={"user_id": "u4"}).json()
        assert body["known_events"] == 0
        users = api.post("/v1/audience", json={"category": "green", "limit": 1000}).json()["users"]
        assert "u4" not in {user["user_id"] for user in users}
        assert api.delete("/v1/users/nobody").json() == {"events": 0, "exposures": 0}


def test_exposures_tell_who_saw_what(tmp_path: Path, red_shop: ServedModel) -> None:
    with client(tmp_path, red_shop, exposure=True, arms={"a": 1.0, "b": 1.0}) as api:
        shown = api.post("/v1/recommend", json={"user_id": "anna", "k": 2}).json()
        api.post("/v1/recommend", json={"k": 1})
        api.post("/v1/rerank", json={"user_id": "anna", "items": ["item1"]})
    with create_engine(f"sqlite:///{tmp_path / 'state.db'}").connect() as connection:
        rows = connection.execute(
            text("select pseudonym, endpoint, model, arm, items from exposures order by 1, 2")
        ).all()
    guest, recommended, reranked = rows
    assert guest[0] is None
    assert guest[3] is None
    assert recommended[1:4] == ("recommend", "coldcart-shop/1", shown["arm"])
    assert recommended[4] == '["{}", "{}"]'.format(*(item["item_id"] for item in shown["items"]))
    assert reranked[:2] == (recommended[0], "rerank")
    assert "anna" not in str(rows)


def test_explanations_have_names(api: TestClient) -> None:
    body = {"events": [{"item_id": "item1"}, {"item_id": "item4"}], "item_id": "item7", "most": 2}
    found = api.post("/v1/explain", json=body).json()
    assert {item["title"] for item in found["support"]} == {"green thing 1", "green thing 4"}
    assert "green thing 7 goes with green thing" in found["words"]
    assert len(found["neighbours"]) == 2
    assert found["neighbours"][0]["shared"]
    assert found["attention"] is found["attributions"] is None  # this shop has no attention, and no network
    assert api.post("/v1/explain", json=body | {"attributions": True}).json() == found
    assert api.post("/v1/explain", json=body | {"attributions": "yes"}).status_code == 422


def test_search(api: TestClient) -> None:
    assert "item7" in [item["item_id"] for item in api.get("/v1/items?query=GREEN 7").json()["items"]]
    assert api.get("/v1/items?query=no such thing").json()["items"] == []
    assert len(api.get("/v1/items?limit=3").json()["items"]) == 3


def test_operations(api: TestClient) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}
    assert api.get("/readyz").json() == {"status": "ready", "model": "coldcart-shop/1", "reason": None}
    listed(api)
    figures = api.get("/metrics").text
    assert 'coldcart_requests_total{route="/v1/recommend",status="200"} 1.0' in figures
    assert 'coldcart_model{model="coldcart-shop/1"} 1.0' in figures


def test_pages_load_nothing_from_elsewhere(api: TestClient) -> None:
    for path in ("/", "/page/app.js", "/page/style.css", "/docs"):
        found = api.get(path)
        assert found.status_code == 200
        assert "//cdn" not in found.text
        assert "fastapi.tiangolo.com" not in found.text
    assert "default-src 'self'" in api.get("/").headers["content-security-policy"]
