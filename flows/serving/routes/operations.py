"""For whoever runs the service: is it alive, can it answer, what does it count."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from flows.serving.answers import HealthOut, ReadyOut
from flows.serving.replies import reply
from flows.serving.service import Service, service_of

router = APIRouter(tags=["operations"])
Here = Annotated[Service, Depends(service_of)]


@router.get("/healthz", summary="Does the process answer?", response_model=HealthOut)
async def healthy() -> Response:
    """The process answers."""
    return reply({"status": "ok"})


@router.get(
    "/readyz",
    summary="Is it ready?",
    response_model=ReadyOut,
    responses={503: {"model": ReadyOut, "description": "Not ready"}},
)
async def ready(service: Here) -> Response:
    """A model is loaded and warm, and the state store answers."""
    try:
        await asyncio.to_thread(service.store.check)
    except SQLAlchemyError:
        content = {"status": "not ready", "model": service.serving.served.name, "reason": "the state store is silent"}
        return JSONResponse(content, status_code=503)
    return reply({"status": "ready", "model": service.serving.served.name, "reason": None})


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def metrics(service: Here) -> Response:
    """Figures for Prometheus."""
    return Response(service.metrics.text(), media_type=service.metrics.content_type)
