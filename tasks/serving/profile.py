"""Who asks: what is known of one user at the moment of a request, under the shop's own names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FeatureValue = str | int | float | None


@dataclass(frozen=True, slots=True)
class ProfileEvent:
    """One event of a user.

    Attributes:
        item_id: As the shop writes it, without outer blanks.
        at: When, microseconds since 1970-01-01 UTC; None where nobody said.
        kind: For example ``view``; None for none.

    """

    item_id: str
    at: int | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one user.

    Attributes:
        user_id: The shop's id; None for a guest.
        events: In order of time where they carry times; events without one are in the order they happened, and either
            all carry times or none.
        features: Values by column, as in training.
        customer: Whether the model may use what it was fitted on of this user.

    """

    user_id: str | None = None
    events: tuple[ProfileEvent, ...] = ()
    features: Mapping[str, FeatureValue] = field(default_factory=dict)
    customer: bool = True
