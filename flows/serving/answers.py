"""What callers get. Documentation and checks of the answers; they are written as JSON without building these."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Evidence = Literal["popularity", "real", "virtual"]


class Answer(BaseModel):
    """An answer names the model that gave it."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: str
    """The model and its version."""


class ItemOut(BaseModel):
    """An item, and how it is called."""

    item_id: str
    title: str | None
    categories: list[str]


class RecommendedItem(ItemOut):
    """An item of a list."""

    rank: int
    score: float
    evidence: Evidence


class RecommendOut(Answer):
    """A list, best first."""

    user_id: str | None
    arm: str | None
    known_events: int
    """Distinct items of the user that the model knows."""
    unknown_items: list[str]
    items: list[RecommendedItem]


class RerankedItem(BaseModel):
    """An item in its new place; score and evidence are null where the model does not know it."""

    item_id: str
    rank: int
    score: float | None
    evidence: Evidence | None


class RerankOut(Answer):
    """The items, best first, those unknown to the model last."""

    user_id: str | None
    arm: str | None
    items: list[RerankedItem]


class InterestedUser(BaseModel):
    """A user of an audience."""

    user_id: str
    score: float
    """Probability that their next new item is one of those asked about."""
    known: bool
    """Whether the model was fitted on this user."""


class AudienceOut(Answer):
    """A page of an audience, most interested first."""

    users: list[InterestedUser]
    total: int
    considered: int
    next_offset: int | None


class SegmentOut(BaseModel):
    """A group of users."""

    segment: int
    users: int
    share: float
    categories: list[str]
    terms: list[str]
    items: list[ItemOut]


class SegmentsOut(Answer):
    """All groups, the largest first."""

    segments: list[SegmentOut]


class AssignOut(Answer):
    """The group of a user; null where there are none."""

    user_id: str | None
    segment: int | None
    likeness: list[float]


class EventsOut(BaseModel):
    """What became of the events; they are on the disk when this is sent."""

    accepted: int
    duplicates: int
    beyond: int
    """Older than the newest that are kept of their user."""
    unknown_items: list[str]
    """Items that the model does not know: kept for the next refresh."""


class ScorePartOut(BaseModel):
    """One score that adds to the whole."""

    name: str
    evidence: Evidence
    score: float


class ItemReasonOut(ItemOut):
    """An item that speaks for the recommended one."""

    score: float


class NeighbourOut(BaseModel):
    """Somebody alike who has the recommended item; who it is stays unsaid."""

    score: float
    shared: list[ItemOut]


class ExplainOut(Answer):
    """Why an item has its score."""

    user_id: str | None
    item: ItemOut
    score: float
    words: str
    parts: list[ScorePartOut]
    support: list[ItemReasonOut]
    virtual: list[ItemReasonOut]
    neighbours: list[NeighbourOut]
    attention: list[ItemReasonOut] | None
    """Attention to items of the user, whatever is recommended; null where nothing attends."""
    attributions: list[ItemReasonOut] | None
    """How far items of the user move the generator's log probability of the item; null unless asked for, or where no
    network looks at items."""


class ForgottenOut(BaseModel):
    """What was removed."""

    events: int
    exposures: int


class ItemsOut(Answer):
    """Items found."""

    items: list[ItemOut]


class HealthOut(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class ReadyOut(BaseModel):
    """Whether it can serve."""

    status: Literal["ready", "not ready"]
    model: str | None
    reason: str | None


class Problem(BaseModel):
    """What is wrong with one field."""

    field: str
    problem: str


class ErrorOut(BaseModel):
    """Why a request was refused."""

    error: str
    fields: list[Problem]
