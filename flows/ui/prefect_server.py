"""Prefect's server with its pages, run by ``flows.ui.services``: ``prefect server start``, with one difference.

The pages may talk to nobody but this server: their scripts call an analytics service even where analytics are off.
"""

import sys
from typing import Any

import uvicorn

from flows.temporary_server import SHUTDOWN_SECONDS

POLICY = "connect-src 'self' ws: wss:"


class _OnlyHere:
    """ASGI middleware: pages may send requests to their own origin only."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        await self._app(scope, receive, send_with_policy if scope["type"] == "http" else send)


def main(port: int) -> None:
    """Serve on the loopback until a signal comes."""
    from prefect.server.api.server import create_app

    uvicorn.run(
        _OnlyHere(create_app(final=True)),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
