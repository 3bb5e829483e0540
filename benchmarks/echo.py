"""What any service on FastAPI costs: typed bodies in and out, nothing in between."""

from fastapi import FastAPI
from pydantic import BaseModel


class Event(BaseModel):
    """An event."""

    item_id: str


class Asked(BaseModel):
    """A request."""

    user_id: str
    events: list[Event]
    k: int


class Answered(BaseModel):
    """An answer."""

    user_id: str
    items: list[str]


app = FastAPI()


@app.post("/v1/recommend")
async def recommend(body: Asked) -> Answered:
    return Answered(user_id=body.user_id, items=[event.item_id for event in body.events])
