"""Answers as JSON, written straight from what was computed."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import Response

from flows.serving.answers import ErrorOut
from tasks.serving.catalogue import Catalogue

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut, "description": reason}
    for status, reason in {
        400: "The body is no JSON",
        401: "The token is missing or wrong",
        413: "The body is too large",
        422: "A field is not valid; it is named",
        429: "Too many requests",
        503: "The state store does not answer",
    }.items()
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": ErrorOut, "description": "There is no such item or class"}}


def reply(content: dict[str, Any]) -> Response:
    """An answer; its type stands in ``flows.serving.answers``."""
    return Response(orjson.dumps(content), media_type="application/json")


def items(catalogue: Catalogue, rows: Iterable[int]) -> list[dict[str, Any]]:
    """Items as ``ItemOut``."""
    return [catalogue.item_of(row) for row in rows]
