"""What stands before every route: token, rate, size of the body, and the counting of what went through."""

import hmac
import json
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.serving.metrics import Metrics

logger = logging.getLogger(__name__)

OPEN = ("/healthz", "/readyz")
"""Paths without a token: whoever watches over processes has none."""
PAGES = ("/", "/docs", "/page/", "/static-offline-docs/", "/openapi.json")
"""Likewise, they show nothing of users; their requests carry the token."""


class Rate:
    """A token bucket per client, of bounded number.

    Args:
        per_second: Requests on average; 0 for no limit.
        burst: Requests at once.
        clients: Clients that are remembered; the one that was quiet longest is forgotten.

    """

    def __init__(self, per_second: float, burst: int, clients: int = 10_000) -> None:
        self._per_second, self._burst, self._clients = per_second, float(burst), clients
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Seconds until the client may ask; 0 takes a token, and it may ask now."""
        if self._per_second == 0:
            return 0.0
        left, at = self._left.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._left[client] = (left - 1 if wait == 0 else left, now)
        if len(self._left) > self._clients:
            self._left.popitem(last=False)
        return wait


class Gate:
    """ASGI middleware.

    Args:
        app: What lies behind.
        token: That callers must show; None asks for none.
        rate: Per client.
        body_bytes: Largest body.
        metrics: Counts what went through.
        clock: Seconds, ever rising.

    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        rate: Rate,
        body_bytes: int,
        metrics: Metrics,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app, self._rate, self._body_bytes = app, rate, body_bytes
        self._metrics, self._clock = metrics, clock
        self._token = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, left = self._clock(), 0, self._body_bytes

        async def receiving() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, self._too_large())
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            refusal = self._refusal(scope, began)
            if refusal is not None:
                await _refuse(sending, *refusal)
            else:
                await self._app(scope, receiving, sending)
        except Exception:
            # The caller has an answer without a trace already, from the outermost handler.
            logger.exception("%s %s failed", scope["method"], _route(scope))
            if not status:
                raise
        finally:
            self._metrics.seen(_route(scope), status or 500, self._clock() - began)

    def _refusal(self, scope: Scope, now: float) -> tuple[int, str, dict[str, str]] | None:
        path: str = scope["path"]
        headers = dict(scope["headers"])
        if path in OPEN:
            return None
        wait = self._rate.wait((scope.get("client") or ("",))[0], now)
        if wait > 0:
            return 429, "too many requests", {"retry-after": str(math.ceil(wait))}
        if self._token is not None and not _is_page(path):
            shown = headers.get(b"authorization", b"")
            if not hmac.compare_digest(shown, self._token):
                return 401, "expected the header Authorization: Bearer <token>", {"www-authenticate": "Bearer"}
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:19]) > self._body_bytes:
            return 413, self._too_large(), {}
        return None

    def _too_large(self) -> str:
        return f"body: expected at most {self._body_bytes} bytes"


def _is_page(path: str) -> bool:
    return path in PAGES or any(len(page) > 1 and page.endswith("/") and path.startswith(page) for page in PAGES)


def _route(scope: Scope) -> str:
    """The pattern of the path, so that ids never become labels."""
    route: Any = scope.get("route")
    return getattr(route, "path", "other")


async def _refuse(send: Send, status: int, error: str, headers: dict[str, str]) -> None:
    body = json.dumps({"error": error, "fields": []}).encode()
    own = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    encoded = [(name.encode(), value.encode()) for name, value in own.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
