"""The application: routes, pages and what stands before them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from flows.serving import errors
from flows.serving.examples import with_examples
from flows.serving.gate import Gate, Rate
from flows.serving.quick import Quick
from flows.serving.routes import lists, operations, people
from flows.serving.service import Service
from tasks.serving.reload import Reloader
from tasks.serving.served_model import ServedModel

PAGE = Path(__file__).parent / "page"
_DESCRIPTION = """Recommendations for users a shop hardly knows. The examples hold items of the model that is served:
they work as they stand. Where a token is asked for, send it as `Authorization: Bearer <token>`."""
_SAFE = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False}
"""Of FastAPI's own, which asks with every request whether somebody listens: /metrics tells what there is to tell."""


def create_app(service: Service, token: str | None = None, reloader: Reloader[ServedModel] | None = None) -> ASGIApp:
    """The service as an ASGI application.

    Args:
        service: What answers; closed when the application ends.
        token: That callers must show; None asks for none.
        reloader: Started and ended with the application.

    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if reloader is not None:
            reloader.start()
        yield
        if reloader is not None:
            reloader.end()
        service.close()

    app = FastAPIOffline(
        title="Coldcart", version=version("coldcart"), description=_DESCRIPTION, redoc_url=None, lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
    )  # fmt: skip
    app.state.service = service
    errors.install(app)
    for routes in (lists, people, operations):
        app.include_router(routes.router)
    _add_page(app)
    _fill_examples(app, service)
    if reloader is not None:
        service.metrics.reload_failures.set_function(lambda: float(reloader.failures))
    limits = service.settings.limits
    quick = Quick(app, [*lists.router.routes, *people.router.routes], service)
    return Gate(quick, token, Rate(limits.requests_per_second, limits.burst), limits.body_bytes, service.metrics)


def _add_page(app: FastAPI) -> None:
    app.mount("/page", StaticFiles(directory=PAGE), name="page")

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(PAGE / "index.html", headers=_SAFE)


def _fill_examples(app: FastAPI, service: Service) -> None:
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = with_examples(plain(), service.serving.served)
        return app.openapi_schema

    def changed() -> None:
        app.openapi_schema = None

    app.openapi = openapi  # type: ignore[method-assign]
    service.swapped = changed
