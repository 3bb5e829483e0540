"""What callers send: strict, bounded, and no field that is not named here.

Lists and models that a field has by default come from factories: of a default itself pydantic makes a deep copy for
each request.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

MOST_ITEMS, MOST_EVENTS, MOST_FEATURES = 10_000, 1000, 100
_AHEAD = timedelta(days=1)

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")
]
"""An id, a kind or a class: no control characters, which neither logs nor every database take."""


def _text_of_number(value: Any) -> Any:
    """Ids that are whole numbers may be written as such."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else value


ItemId = Annotated[Name, BeforeValidator(_text_of_number, json_schema_input_type=str | int)]
UserId = Annotated[Name, BeforeValidator(_text_of_number, json_schema_input_type=str | int)]


def _iso_only(value: Any) -> Any:
    if not isinstance(value, str) or not any(mark in value for mark in "-T"):
        raise ValueError("expected ISO 8601 text, for example 2001-02-28T18:30:00Z")
    return value


def _plausible(value: datetime) -> datetime:
    zoned = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if value.year < 1970 or value.year > 9000:
        raise ValueError("expected a time since 1970")
    if zoned > datetime.now(UTC) + _AHEAD:
        raise ValueError("lies more than a day ahead")
    return value


Moment = Annotated[datetime, BeforeValidator(_iso_only, json_schema_input_type=str), AfterValidator(_plausible)]


def _plain(value: Any) -> Any:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise ValueError("expected text, a number, true, false or null")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("expected a finite number")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        raise ValueError("expected a number below 2**53")
    return value


Feature = Annotated[
    bool | int | float | Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00]*$")] | None,
    BeforeValidator(_plain),
]
Items = Annotated[list[ItemId], Field(max_length=MOST_ITEMS)]


class Strict(BaseModel):
    """Types are not guessed, fields not invented, numbers finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class EventBody(Strict):
    """An event of the user who asks."""

    item_id: ItemId
    timestamp: Annotated[Moment | None, Field(description="ISO 8601; without an offset, on the shop's clock")] = None
    kind: Annotated[
        Name | None,
        Field(
            description="One of those that the model was trained with; without one it counts as most first touches did"
        ),
    ] = None


class Who(Strict):
    """One user: an id, events, features, any of them or none."""

    user_id: Annotated[
        UserId | None, Field(description="What is stored of this user counts, too; null for a guest")
    ] = None
    events: Annotated[
        list[EventBody],
        Field(max_length=MOST_EVENTS, description="Beside what is stored; not stored. In order where without times"),
    ] = Field(default_factory=list)
    features: Annotated[
        dict[Name, Feature], Field(max_length=MOST_FEATURES, description="By column, as in training")
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _all_or_none(self) -> "Who":
        told = sum(event.timestamp is not None for event in self.events)
        if 0 < told < len(self.events):
            raise ValueError("events: give all of them a timestamp, or none")
        return self


class FiltersBody(Strict):
    """Which items a list may hold."""

    exclude_items: Items = Field(default_factory=list)
    stock: Annotated[
        dict[ItemId, Annotated[float, Field(strict=True, ge=-1e15, le=1e15)]],
        Field(max_length=MOST_ITEMS, description="Pieces left; 0 is left out, items that are not named are in stock"),
    ] = Field(default_factory=dict)
    allow_items: Items | None = None
    allow_categories: Annotated[list[Name], Field(max_length=1000)] | None = None


class RecommendRequest(Who):
    """Ask for a list."""

    k: Annotated[int, Field(strict=True, ge=1, le=1000)] = 10
    filters: FiltersBody = Field(default_factory=FiltersBody)
    diversity: Annotated[float, Field(strict=True, ge=0, le=1, description="0 by score alone … 1")] = 0.0


class RerankRequest(Who):
    """Ask for an order."""

    items: Annotated[list[ItemId], Field(min_length=1, max_length=1000)]


class AudienceRequest(Strict):
    """Ask who is interested in items, or in a class of them."""

    item_ids: Annotated[list[ItemId], Field(min_length=1, max_length=1000)] | None = None
    category: Name | None = None
    population: Annotated[Literal["all", "known", "new"], Field(description="Known to the model, or met since")] = "all"
    limit: Annotated[int, Field(strict=True, ge=1, le=1000)] = 100
    offset: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = 0

    @model_validator(mode="after")
    def _one_of_both(self) -> "AudienceRequest":
        if (self.item_ids is None) == (self.category is None):
            raise ValueError("give either item_ids or category")
        return self


class AssignRequest(Who):
    """Ask for the segment of a user."""


class ExplainRequest(Who):
    """Ask why an item is recommended."""

    item_id: ItemId
    most: Annotated[int, Field(strict=True, ge=1, le=50, description="Reasons of each kind")] = 5
    attributions: Annotated[
        bool, Field(strict=True, description="Also how far each item moves the generator; costs more than all else")
    ] = False


class UserEventBody(EventBody):
    """An event to be remembered."""

    user_id: UserId
    event_id: Annotated[
        Name | None,
        Field(description="Sent again, it changes nothing. Without one an event is known by item, kind and time"),
    ] = None


class EventsRequest(Strict):
    """Events of any users, in any order."""

    events: Annotated[list[UserEventBody], Field(min_length=1, max_length=MOST_EVENTS)]
