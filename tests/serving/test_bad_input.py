"""What is wrong is refused with the field named, and never with a stack trace."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flows.serving.gate import Rate
from tasks.serving.served_model import ServedModel
from tasks.serving.settings import LimitSettings
from tests.serving.services import client

EVENT = {"user_id": "anna", "item_id": "item1"}
WRONG = [
    ("/v1/recommend", {"k": -1}, "k"),
    ("/v1/recommend", {"k": 0}, "k"),
    ("/v1/recommend", {"k": 10**9}, "k"),
    ("/v1/recommend", {"k": "5"}, "k"),
    ("/v1/recommend", {"k": 2.5}, "k"),
    ("/v1/recommend", {"k": True}, "k"),
    ("/v1/recommend", {"kk": 5}, "kk"),
    ("/v1/recommend", {"user_id": ""}, "user_id"),
    ("/v1/recommend", {"user_id": " "}, "user_id"),
    ("/v1/recommend", {"user_id": ["a"]}, "user_id"),
    ("/v1/recommend", {"user_id": "x" * 129}, "user_id"),
    ("/v1/recommend", {"user_id": "nul\0"}, "user_id"),
    ("/v1/recommend", {"user_id": 2.5}, "user_id"),
    ("/v1/recommend", {"events": {"item_id": "item1"}}, "events"),
    ("/v1/recommend", {"events": [{}]}, "events.0.item_id"),
    ("/v1/recommend", {"events": [EVENT]}, "events.0.user_id"),
    ("/v1/recommend", {"events": [{"item_id": "item1"}] * 1001}, "events"),
    ("/v1/recommend", {"events": [{"item_id": "item1", "timestamp": "yesterday-T"}]}, "events.0.timestamp"),
    ("/v1/recommend", {"events": [{"item_id": "item1", "timestamp": 5}]}, "events.0.timestamp"),
    (
        "/v1/recommend",
        {"events": [{"item_id": "item1", "timestamp": "9999-12-31T23:59:59-23:59"}]},
        "events.0.timestamp",
    ),
    ("/v1/recommend", {"events": [{"item_id": "item1", "timestamp": "1800-01-01"}]}, "events.0.timestamp"),
    ("/v1/recommend", {"events": [{"item_id": "a"}, {"item_id": "b", "timestamp": "2020-01-01"}]}, "body"),
    ("/v1/recommend", {"features": {"segment": [1]}}, "features.segment"),
    ("/v1/recommend", {"features": {"segment": 10**400}}, "features.segment"),
    ("/v1/recommend", {"filters": {"stock": {"item1": "many"}}}, "filters.stock.item1"),
    ("/v1/recommend", {"filters": {"exclude_items": ["a"] * 10_001}}, "filters.exclude_items"),
    ("/v1/recommend", {"filters": {"allow_categories": ["no such class"]}}, "filters.allow_categories"),
    ("/v1/recommend", {"diversity": 1.5}, "diversity"),
    ("/v1/rerank", {}, "items"),
    ("/v1/rerank", {"items": []}, "items"),
    ("/v1/rerank", {"items": ["a"] * 1001}, "items"),
    ("/v1/audience", {}, "body"),
    ("/v1/audience", {"item_ids": ["item1"], "category": "green"}, "body"),
    ("/v1/audience", {"item_ids": ["unheard of"]}, "item_ids"),
    ("/v1/audience", {"category": "purple"}, "category"),
    ("/v1/audience", {"category": "green", "offset": -1}, "offset"),
    ("/v1/events", {"events": []}, "events"),
    ("/v1/events", EVENT, "events"),
    ("/v1/events", {"events": [{"item_id": "item1"}]}, "events.0.user_id"),
    ("/v1/events", {"events": [{**EVENT, "timestamp": "2999-01-01T00:00:00Z"}]}, "events.0.timestamp"),
    ("/v1/explain", {"item_id": "unheard of"}, "item_id"),
    ("/v1/explain", {}, "item_id"),
]
NO_JSON = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"user_id":"\xff"}', b"[" * 100_000, b'{"k":' + b"9" * 5000 + b"}",
    b'{"user_id":"\\ud800"}', b'{"\\ud800":1}',
]  # fmt: skip


def problems(found: object) -> set[str]:
    assert found.status_code in (400, 404, 422), found.text  # type: ignore[attr-defined]
    assert "Traceback" not in found.text  # type: ignore[attr-defined]
    return {problem["field"] for problem in found.json()["fields"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("path", "body", "field"), WRONG)
def test_the_field_is_named(api: TestClient, path: str, body: object, field: str) -> None:
    assert field in problems(api.post(path, json=body))


@pytest.mark.parametrize("body", NO_JSON, ids=range(len(NO_JSON)))
def test_bodies_that_are_no_json(api: TestClient, body: bytes) -> None:
    found = api.post("/v1/recommend", content=body, headers={"content-type": "application/json"})
    assert problems(found) & {"body", "user_id"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"diversity":?}', "diversity"),
        ('{"features":{"age":?}}', "features.age"),
        ('{"filters":{"stock":{"item1":?}}}', "filters.stock.item1"),
        ('{"k":?}', "k"),
        ('{"user_id":?}', "user_id"),
    ],
)
def test_numbers_are_finite(api: TestClient, text: str, field: str, number: str) -> None:
    found = api.post("/v1/recommend", content=text.replace("?", number), headers={"content-type": "application/json"})
    assert field in problems(found)


def test_unknown_paths_and_methods(api: TestClient) -> None:
    assert api.get("/v2/recommend").json() == {"error": "Not Found", "fields": []}
    assert api.get("/v1/recommend").status_code == 405
    assert api.get("/page/../app.py").status_code == 404
    assert api.get("/page/%2e%2e/app.py").status_code == 404
    assert api.get("/v1/items?limit=0").json()["fields"][0]["field"] == "limit"


def test_large_bodies(tmp_path: Path, red_shop: ServedModel) -> None:
    with client(tmp_path, red_shop, limits=LimitSettings(body_bytes=2000, requests_per_second=0)) as api:
        body = json.dumps({"user_id": "a", "filters": {"exclude_items": ["item1"] * 500}}).encode()
        assert api.post("/v1/recommend", content=body).status_code == 413
        # Nobody said how much would come.
        found = api.post("/v1/recommend", content=iter([body[:1500], body[1500:]]))
        assert found.status_code == 413
        assert found.json()["error"] == "body: expected at most 2000 bytes"
        assert api.post("/v1/recommend", json={"k": 1}).status_code == 200


def test_a_token_where_one_is_asked_for(tmp_path: Path, red_shop: ServedModel) -> None:
    with client(tmp_path, red_shop, token="a-token-of-some-length") as api:
        for shown in ({}, {"authorization": "Bearer another"}, {"authorization": "a-token-of-some-length"}):
            found = api.post("/v1/recommend", json={}, headers=shown)
            assert (found.status_code, found.headers["www-authenticate"]) == (401, "Bearer")
        assert api.delete("/v1/users/anna").status_code == 401
        assert api.get("/metrics").status_code == 401
        right = {"authorization": "Bearer a-token-of-some-length"}
        assert api.post("/v1/recommend", json={}, headers=right).status_code == 200
        for open_ in ("/healthz", "/readyz", "/", "/page/app.js", "/docs", "/openapi.json"):
            assert api.get(open_).status_code == 200


def test_the_rate_is_limited(tmp_path: Path, red_shop: ServedModel) -> None:
    with client(tmp_path, red_shop, limits=LimitSettings(requests_per_second=0.01, burst=3)) as api:
        statuses = [api.post("/v1/recommend", json={"k": 1}) for _ in range(5)]
        assert [found.status_code for found in statuses] == [200, 200, 200, 429, 429]
        assert int(statuses[-1].headers["retry-after"]) > 50
        assert api.get("/healthz").status_code == 200


def test_buckets_fill_again() -> None:
    rate = Rate(per_second=2, burst=2, clients=2)
    assert [rate.wait("a", 0.0) for _ in range(3)] == [0, 0, 0.5]
    assert rate.wait("b", 0.0) == 0
    assert rate.wait("a", 0.5) == 0
    assert rate.wait("a", 0.5) > 0
    rate.wait("c", 0.5)
    assert len(rate._left) == 2
    assert Rate(per_second=0, burst=1).wait("a", 0.0) == 0
