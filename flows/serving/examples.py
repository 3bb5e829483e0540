"""Examples of the OpenAPI page that work as they stand: filled with items of the model that is served."""

from typing import Any

from tasks.serving.served_model import ServedModel


def examples(served: ServedModel) -> dict[str, dict[str, Any]]:
    """A body for each path that takes one."""
    catalogue = served.catalogue
    popular = [catalogue.ids[row] for row in served.by_popularity[:6]]
    category = next(iter(catalogue.categories_of(int(served.by_popularity[0]))), None)
    events = [{"item_id": item} for item in popular[:2]]
    audience = {"category": category} if category is not None else {"item_ids": popular[:1]}
    return {
        "/v1/recommend": {"events": events, "k": 5, "filters": {"exclude_items": popular[2:3]}, "diversity": 0.2},
        "/v1/rerank": {"events": events, "items": popular[2:]},
        "/v1/explain": {"events": events, "item_id": popular[3 % len(popular)]},
        "/v1/audience": {**audience, "limit": 5},
        "/v1/segments/assign": {"events": events},
        "/v1/events": {"events": [{"user_id": "anna", "item_id": popular[0], "event_id": "example-1"}]},
    }


def with_examples(schema: dict[str, Any], served: ServedModel) -> dict[str, Any]:
    """The schema, with these examples in it."""
    for path, body in examples(served).items():
        schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"] = body
    return schema
