"""Bodies in one pass: what is valid JSON of a valid body goes straight to the function that answers."""

import inspect
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from flows.serving.service import Service

_JSON = b"application/json"


class Quick:
    """ASGI middleware before FastAPI, whose own steps take as long as an answer that is remembered.

    It answers routes whose function takes a body and the service, and nothing else. Anything else, and whatever is
    wrong with a body, goes FastAPI's way, which says so as it does everywhere. Middleware of the application sees none
    of what is answered here, and a route with dependencies is left to FastAPI.

    Args:
        app: The application; errors of functions are answered by its handlers.
        routes: Some of its routes.
        service: What they take.

    """

    def __init__(self, app: FastAPI, routes: Iterable[BaseRoute], service: Service) -> None:
        self._app, self._service = app, service
        self._routes: dict[str, tuple[APIRoute, type[BaseModel]]] = {}
        for route in routes:
            if not isinstance(route, APIRoute) or route.dependencies or route.methods != {"POST"}:
                continue
            takes = inspect.signature(route.endpoint).parameters
            if set(takes) == {"body", "service"}:
                self._routes[route.path] = route, takes["body"].annotation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or leave it to FastAPI."""
        found = self._routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None or _content_type(scope) != _JSON:
            await self._app(scope, receive, send)
            return
        (route, body), failure = found, None
        scope["route"] = route
        received: list[Message] = []
        try:
            while not received or received[-1].get("more_body", False):
                received.append(await receive())
            told = _valid(body, received)
            response = None if told is None else await route.endpoint(body=told, service=self._service)
        except Exception as error:
            response, failure = await self._answer(error, scope)
        if response is None:
            await self._app(scope, _again(received, receive), send)
            return
        await response(scope, receive, send)
        if failure is not None:
            raise failure

    async def _answer(self, error: Exception, scope: Scope) -> tuple[Response, Exception | None]:
        """What the application says to an error; and the error, if nobody expected it."""
        handlers: dict[Any, Any] = self._app.exception_handlers
        kind = next(kind for kind in type(error).__mro__ if kind in handlers)
        return await handlers[kind](Request(scope), error), error if kind is Exception else None


def _content_type(scope: Scope) -> bytes:
    """The first that is told, as FastAPI reads it."""
    return next((value for name, value in scope["headers"] if name == b"content-type"), b"")


def _valid(body: type[BaseModel], received: Iterable[Message]) -> BaseModel | None:
    """What was told; None where it is not valid, or the caller went away within it."""
    try:
        return body.model_validate_json(b"".join([message["body"] for message in received]))
    except (ValidationError, KeyError):  # who goes away sends a message without a body
        return None


def _again(received: list[Message], receive: Receive) -> Receive:
    """What was received already, and then what comes."""
    left = iter(received)

    async def receiving() -> Message:
        message = next(left, None)
        return await receive() if message is None else message

    return receiving
