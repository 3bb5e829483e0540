"""Users: their events, forgetting them, audiences and segments."""

import asyncio
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from flows.serving.answers import AssignOut, AudienceOut, EventsOut, ForgottenOut, SegmentsOut
from flows.serving.errors import RefusedError
from flows.serving.replies import ERRORS, NOT_FOUND, items, reply
from flows.serving.schemas import AssignRequest, AudienceRequest, EventsRequest
from flows.serving.service import Service, row_of, service_of
from tasks.serving.filters import Filters
from tasks.serving.segments import interest_vector

router = APIRouter(prefix="/v1", tags=["users"], responses=ERRORS)
Here = Annotated[Service, Depends(service_of)]


@router.post("/events", summary="Remember events", response_model=EventsOut)
async def record(body: EventsRequest, service: Here) -> Response:
    """Remember events, in any order, however often they come; the users' next answers reflect them."""
    most = service.settings.limits.events
    if len(body.events) > most:
        raise RefusedError("events", f"expected at most {most}, got {len(body.events)}")
    rows = service.serving.served.encoder.rows
    accepted, duplicates, beyond = await service.record(body.events)
    unknown = [event.item_id for event in body.events if event.item_id not in rows]
    service.metrics.unknown_items.inc(len(unknown))
    return reply(
        {
            "accepted": accepted,
            "duplicates": duplicates,
            "beyond": beyond,
            "unknown_items": list(dict.fromkeys(unknown)),
        }
    )


@router.delete("/users/{user_id:path}", summary="Forget a user", response_model=ForgottenOut, responses=NOT_FOUND)
async def forget(
    user_id: Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")], service: Here
) -> Response:
    """Forget a user: events, what was shown, and what the model was fitted on."""
    name = user_id.strip()
    if not name:
        raise RefusedError("user_id", "expected an id, got blanks")
    events, exposures = await service.forget(name)
    return reply({"events": events, "exposures": exposures})


@router.post("/audience", summary="Find the audience of items", response_model=AudienceOut, responses=NOT_FOUND)
async def audience(body: AudienceRequest, service: Here) -> Response:
    """The users most likely interested in items or a class, known to the model or met since."""
    serving = service.serving
    served = serving.served
    if body.category is not None:
        rows = served.catalogue.rows_by_category.get(body.category)
        if rows is None:
            raise RefusedError("category", f"the model does not know {body.category!r}", 404)
    else:
        rows = np.array(sorted({row_of(served, "item_ids", one) for one in body.item_ids or ()}), dtype=np.int64)
    if body.limit > service.settings.limits.list_length:
        raise RefusedError("limit", f"expected at most {service.settings.limits.list_length}, got {body.limit}")
    found = await asyncio.to_thread(serving.audience.find, rows, body.population, service.met, service.state_version)
    page = slice(body.offset, body.offset + body.limit)
    users = zip(found.user_ids[page], found.scores[page], found.known[page], strict=True)
    total = len(found.user_ids)
    return reply(
        {
            "model": served.name,
            "users": [{"user_id": user, "score": score, "known": known} for user, score, known in users],
            "total": total,
            "considered": found.considered,
            "next_offset": page.stop if page.stop < total else None,
        }
    )


@router.get("/segments", summary="Groups of users", response_model=SegmentsOut)
async def segments(service: Here) -> Response:
    """Groups of users by predicted interest, each with what stands out in it."""
    serving = service.serving
    groups = await serving.segments()
    return reply(
        {
            "model": serving.served.name,
            "segments": [
                {
                    "segment": group.number,
                    "users": group.users,
                    "share": group.share,
                    "categories": list(group.categories),
                    "terms": list(group.terms),
                    "items": items(serving.served.catalogue, group.items),
                }
                for group in groups.found
            ],
        }
    )


@router.post("/segments/assign", summary="Find the group of a user", response_model=AssignOut)
async def assign(body: AssignRequest, service: Here) -> Response:
    """The group of one user; of somebody without known items, by what is recommended to them."""
    serving = service.serving
    served = serving.served
    groups = await serving.segments()
    users = served.encode(await service.profile(served, body)).users
    listed: list[int] = []
    if not len(users.items):
        listed = (await service.rank(served, served.question(users, 20, Filters()))).rows
    segment, likeness = None, np.zeros(0)
    if groups.found:
        segment, likeness = groups.assign(interest_vector(served, users.items.tolist(), listed))
    return reply({"model": served.name, "user_id": body.user_id, "segment": segment, "likeness": likeness.tolist()})
