"""Lists: recommend, rerank, explain, and the search for items."""

import asyncio
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from flows.serving.answers import ExplainOut, ItemsOut, RecommendOut, RerankOut
from flows.serving.errors import RefusedError
from flows.serving.replies import ERRORS, NOT_FOUND, items, reply
from flows.serving.schemas import ExplainRequest, FiltersBody, RecommendRequest, RerankRequest
from flows.serving.service import Service, row_of, service_of
from tasks.explanation import ItemReason, explain
from tasks.serving.filters import Filters
from tasks.serving.served_model import ServedModel
from tasks.serving.words import in_words

router = APIRouter(prefix="/v1", tags=["lists"], responses=ERRORS)
Here = Annotated[Service, Depends(service_of)]


@router.post("/recommend", summary="Recommend items to a user", response_model=RecommendOut, responses=NOT_FOUND)
async def recommend(body: RecommendRequest, service: Here) -> Response:
    """The k best items for a user, known or not, none of them among the user's own."""
    served = service.serving.served
    _within(service, "k", body.k)
    filters = _filters(body.filters, served)
    encoded = served.encode(await service.profile(served, body))
    question = served.question(encoded.users, body.k, filters, body.diversity)
    ranked = await service.rank(served, question)
    catalogue = served.catalogue
    listed = [
        {**catalogue.item_of(row), "rank": place, "score": score, "evidence": evidence}
        for place, (row, score, evidence) in enumerate(
            zip(ranked.rows, ranked.scores, ranked.evidence, strict=True), start=1
        )
    ]
    for evidence in set(ranked.evidence):
        service.metrics.carried_by(evidence).inc(ranked.evidence.count(evidence))
    arm = service.arm(body.user_id)
    service.expose("recommend", body.user_id, arm, served.name, [one["item_id"] for one in listed])
    return reply(
        {
            "model": served.name,
            "user_id": body.user_id,
            "arm": arm,
            "known_events": len(encoded.users.items),
            "unknown_items": list(encoded.unknown),
            "items": listed,
        }
    )


@router.post("/rerank", summary="Put items in order for a user", response_model=RerankOut)
async def rerank(body: RerankRequest, service: Here) -> Response:
    """The same items, ordered and scored for a user; those that the model does not know come last, as given."""
    served = service.serving.served
    _within(service, "items", len(body.items))
    rows = served.encoder.rows
    asked = list(dict.fromkeys(body.items))
    known = [rows[one] for one in asked if one in rows]
    encoded = served.encode(await service.profile(served, body))
    listed: list[dict[str, object]] = []
    if known:
        ranked = await service.rank(served, served.order(encoded.users, known))
        listed = [
            {"item_id": served.catalogue.ids[row], "rank": place, "score": score, "evidence": evidence}
            for place, (row, score, evidence) in enumerate(
                zip(ranked.rows, ranked.scores, ranked.evidence, strict=True), start=1
            )
        ]
    listed += [
        {"item_id": one, "rank": place, "score": None, "evidence": None}
        for place, one in enumerate((one for one in asked if one not in rows), start=len(listed) + 1)
    ]
    arm = service.arm(body.user_id)
    service.expose("rerank", body.user_id, arm, served.name, [str(one["item_id"]) for one in listed])
    return reply({"model": served.name, "user_id": body.user_id, "arm": arm, "items": listed})


@router.post("/explain", summary="Explain a recommendation", response_model=ExplainOut, responses=NOT_FOUND)
async def explained(body: ExplainRequest, service: Here) -> Response:
    """Why an item is recommended: parts of its score, items of the user, virtual ones, and users alike."""
    served = service.serving.served
    row = row_of(served, "item_id", body.item_id)
    users = served.encode(await service.profile(served, body)).users
    found = await asyncio.to_thread(explain, served.model, users, row, body.most, attributed=body.attributions)
    catalogue = served.catalogue

    def named(reasons: Iterable[ItemReason]) -> list[dict[str, object]]:
        return [{**catalogue.item_of(one.item), "score": one.score} for one in reasons]

    return reply(
        {
            "model": served.name,
            "user_id": body.user_id,
            "item": catalogue.item_of(row),
            "score": found.score,
            "words": in_words(found, catalogue),
            "parts": [
                {"name": part.name, "evidence": part.evidence.name.lower(), "score": part.score} for part in found.parts
            ],
            "support": named(found.support),
            "virtual": named(found.virtual),
            "neighbours": [{"score": one.score, "shared": items(catalogue, one.shared)} for one in found.neighbours],
            "attention": None if found.attention is None else named(found.attention),
            "attributions": None if found.attributions is None else named(found.attributions),
        }
    )


@router.get("/items", summary="Find items", response_model=ItemsOut)
async def search(
    service: Here,
    query: Annotated[str, Query(max_length=200, description="Words of title, class or id; nothing finds all")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Items by words, the most popular first."""
    served = service.serving.served
    rows = await asyncio.to_thread(served.catalogue.search, query, limit, served.by_popularity)
    return reply({"model": served.name, "items": items(served.catalogue, rows)})


def _filters(given: FiltersBody, served: ServedModel) -> Filters:
    for category in given.allow_categories or ():
        if category not in served.catalogue.rows_by_category:
            raise RefusedError("filters.allow_categories", f"the model does not know {category!r}", 404)
    return Filters(given.exclude_items, given.stock, given.allow_items, given.allow_categories)


def _within(service: Service, field: str, length: int) -> None:
    most = service.settings.limits.list_length
    if length > most:
        raise RefusedError(field, f"expected at most {most}, got {length}")
