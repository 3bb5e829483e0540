"""Requests made up from the service's own description: none may end in a server error or break its own word."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from flows.serving.app import create_app
from tasks.serving.served_model import ServedModel
from tests.serving.services import listening, service

OPERATIONS = [
    "POST /v1/recommend",
    "POST /v1/rerank",
    "POST /v1/explain",
    "GET /v1/items",
    "POST /v1/events",
    "DELETE /v1/users/{user_id}",
    "POST /v1/audience",
    "GET /v1/segments",
    "POST /v1/segments/assign",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
]
WITHOUT_INPUT = ("GET /v1/segments", "GET /healthz", "GET /readyz", "GET /metrics")
CHECKS = (not_a_server_error, response_schema_conformance, status_code_conformance)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, red_shop: ServedModel) -> Iterator[dict[str, Any]]:
    red_shop.warm_up()  # as whoever serves a model does: where nothing is compiled yet, a request would wait too long
    app = create_app(service(tmp_path_factory.mktemp("fuzz"), red_shop))
    with listening(app) as address:
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        yield {f"{one.method.upper()} {one.path}": one for one in operations}


def test_all_of_them_are_tried(described: dict[str, Any]) -> None:
    assert sorted(described) == sorted(OPERATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_ends_in_a_server_error(described: dict[str, Any], operation: str, mode: GenerationMode) -> None:
    if mode is GenerationMode.NEGATIVE and operation in WITHOUT_INPUT:
        pytest.skip("takes nothing that could be wrong")

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=described[operation].as_strategy(generation_mode=mode))
    def answered(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    answered()
