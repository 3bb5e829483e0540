"""Errors as callers see them: one line, the fields named, never a stack trace."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

logger = logging.getLogger(__name__)
_MOST_PROBLEMS = 20


class RefusedError(Exception):
    """A request that cannot be answered, with the field that is to blame."""

    def __init__(self, field: str, problem: str, status: int = 422) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem, self.status = field, problem, status


def answer(status: int, error: str, fields: Sequence[tuple[str, str]] = ()) -> JSONResponse:
    """An error as JSON."""
    problems = [{"field": _plain(field), "problem": _plain(problem)} for field, problem in fields]
    return JSONResponse({"error": error, "fields": problems}, status_code=status)


def install(app: FastAPI) -> None:
    """Answer every error of an application in this way."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            ("body" if problem["type"] == "json_invalid" else _field(problem["loc"]), problem["msg"])
            for problem in error.errors()[:_MOST_PROBLEMS]
        ]
        return answer(422, "the request is not valid", fields)

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> JSONResponse:
        return answer(error.status, "the request cannot be answered", [(error.field, error.problem)])

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:  # what FastAPI says of a body that is no JSON at all
            return answer(400, "the request is not valid", [("body", "expected JSON in UTF-8")])
        return answer(error.status_code, str(error.detail))

    @app.exception_handler(SQLAlchemyError)
    async def database(request: Request, error: SQLAlchemyError) -> JSONResponse:
        logger.error("the state store failed: %s", " ".join(str(error).partition("\n")[0].split()))
        return answer(503, "the state store does not answer; try again")

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return answer(500, "unexpected error; it is in the log of the service")


def _field(place: Sequence[Any]) -> str:
    named = [str(part) for part in place if not (isinstance(part, str) and "[" in part)]
    inner = named[1:] if len(named) > 1 and named[0] in ("body", "query", "path") else named
    return ".".join(inner) or "body"


def _plain(text: str) -> str:
    """Without what cannot be written as UTF-8 (keys of a body may hold it), and not longer than needed."""
    return text.encode("utf-8", "replace").decode()[:300]
