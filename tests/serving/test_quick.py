"""Bodies in one pass are read as FastAPI reads them."""

import asyncio
import json
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.testclient import TestClient

from flows.serving import errors
from flows.serving.errors import RefusedError
from flows.serving.quick import Quick
from flows.serving.routes.lists import Here
from flows.serving.schemas import RecommendRequest


def applications() -> tuple[Quick, FastAPI]:
    """What has been read of a body, either way."""
    app, router = FastAPI(), APIRouter()

    @router.post("/read")
    async def read(body: RecommendRequest, service: Here) -> Response:
        assert service == "the service"  # type: ignore[comparison-overlap]
        return Response(repr(body))

    @router.post("/fail")
    async def fail(body: RecommendRequest, service: Here) -> Response:
        raise {1: RefusedError("k", "is 1", 404), 2: HTTPException(413, "large"), 3: OSError("disk")}[body.k]

    errors.install(app)
    app.include_router(router)
    app.state.service = "the service"
    return Quick(app, router.routes, app.state.service), app


APPLICATIONS = applications()
QUICK, GENERAL = (TestClient(one, raise_server_exceptions=False) for one in APPLICATIONS)
EVENT = {"item_id": "tea"}


def same(body: bytes, content_type: str = "application/json", path: str = "/read") -> Response:
    quick, general = (one.post(path, content=body, headers={"content-type": content_type}) for one in (QUICK, GENERAL))
    assert quick.status_code == general.status_code
    assert quick.content == general.content
    return general  # type: ignore[return-value]


def test_a_valid_body_does_not_take_the_general_way(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi import routing

    asked: list[Any] = []
    solve = routing.solve_dependencies
    monkeypatch.setattr(routing, "solve_dependencies", lambda **given: asked.append(given) or solve(**given))  # type: ignore[func-returns-value]
    body = json.dumps({"user_id": 7, "events": [EVENT, {"item_id": 12}], "k": 3}).encode()
    assert same(body).status_code == 200
    assert len(asked) == 1  # by the general way alone


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff", b"\xef\xbb\xbf{}", '{"k": 5}'.encode("utf-16"), b'{"k": NaN}',
        b'{"k": 3, "k": 4}', b'{"k": 3.0}', b'{"k": "3"}', b'{"k": true}', b'{"k": 1e2}', b'{"diversity": 1}',
        b'{"diversity": Infinity}', b'{"user_id": "\\ud800"}', b'{"user_id": 1e400}', b'{"features": {"a": 1e999}}',
        b'{"user_id": 99999999999999999999999}', b'{"features": {"a": 9007199254740993}}', b'{"filters": null}',
        b'{"events": [{"item_id": "a", "timestamp": "2001-02-28"}]}', b'{"filters": {"stock": {" tea ": 0}}}',
        b'{"filters": {"allow_items": null}}', b"[" * 100_000, b'{"events": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)  # fmt: skip
def test_odd_bodies_are_answered_as_in_the_general_way(body: bytes) -> None:
    same(body)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=utf-8", "application/problem+json"])
def test_other_types_of_content_are_left_to_the_general_way(content_type: str) -> None:
    same(json.dumps({"k": 3}).encode(), content_type)


def test_of_two_types_of_content_the_first_counts() -> None:
    headers = [("content-type", "text/plain"), ("content-type", "application/json")]
    quick, general = (one.post("/read", content=b"{}", headers=headers) for one in (QUICK, GENERAL))
    assert quick.status_code == general.status_code == 422


@pytest.mark.parametrize(("k", "status"), [(1, 404), (2, 413), (3, 500)])
def test_errors_of_a_function_are_answered_as_in_the_general_way(k: int, status: int) -> None:
    assert same(json.dumps({"k": k}).encode(), path="/fail").status_code == status


def test_an_error_that_nobody_expects_is_raised_after_its_answer() -> None:
    with pytest.raises(OSError, match="disk"):
        TestClient(APPLICATIONS[0]).post("/fail", json={"k": 3})


@pytest.mark.parametrize("app", APPLICATIONS)
def test_who_goes_away_within_the_body_is_no_error_of_the_service(app: Any) -> None:
    sent = []
    messages = iter([{"type": "http.request", "body": b'{"k"', "more_body": True}])
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/read", "raw_path": b"/read",
        "query_string": b"", "headers": [(b"content-type", b"application/json")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2), "scheme": "http", "root_path": "",
    }  # fmt: skip

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("aZ0é -T:\x00\n", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["item_id", "timestamp", "kind", "stock", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(list(RecommendRequest.model_fields)), VALUES))
def test_any_body_is_answered_as_in_the_general_way(body: dict[str, Any]) -> None:
    same(json.dumps(body).encode())
