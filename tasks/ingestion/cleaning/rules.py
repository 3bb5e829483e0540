"""The settings of the cleaning rules."""

import datetime
from dataclasses import dataclass, field
from typing import Literal

from tasks.ingestion.cleaning.fences import Fences


@dataclass(frozen=True)
class PossibleDates:
    """Which times are possible; rows with others, or with none, are dropped.

    Attributes:
        check: Whether times are checked. A row without a time is dropped in any case.
        earliest: First possible day, ISO 8601. Days such as 1970-01-01 are what broken clocks write.
        latest: Last possible day; null stands for tomorrow.

    """

    check: bool = True
    earliest: str = "1990-01-01"
    latest: str | None = None

    def __post_init__(self) -> None:
        first = _day("earliest", self.earliest)
        if self.latest is not None and _day("latest", self.latest) < first:
            raise ValueError(f"latest must not be before earliest ({self.earliest}), got {self.latest}")

    def bounds(self) -> tuple[datetime.date, datetime.date]:
        """First and last possible day."""
        tomorrow = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1)
        return _day("earliest", self.earliest), tomorrow if self.latest is None else _day("latest", self.latest)


@dataclass(frozen=True)
class CleaningRules:
    """What is taken out of a log, and what is repaired. Every rule is counted in the data-quality report.

    Attributes:
        missing_ids: Rows without user or item: ``drop`` them, or raise an ``error``.
        dates: Which times are possible.
        non_products: Drop codes that are no products (postage, tests), as the data set names them.
        cancellations: Turn rows that take a purchase back (marked so, or with a negative quantity) into the time
            at which the purchase was cancelled. Without times the purchase itself is dropped. When off, such rows are
            events like any other.
        quantity: ``positive`` drops rows with a quantity of 0 or less (returns are cancellations first), ``any`` keeps
            them. An unknown quantity is kept as unknown.
        price: The same for the price: 0 is what gifts, samples and corrections cost.
        duplicates: Drop all but one of the rows that agree in user, item, time, visit, kind, quantity and price.
        outliers: Fences for quantity and price, fitted on rows of warm users before their cut only (see
            ``apply_fences``).

    """

    missing_ids: Literal["drop", "error"] = "drop"
    dates: PossibleDates = field(default_factory=PossibleDates)
    non_products: bool = True
    cancellations: bool = True
    quantity: Literal["positive", "any"] = "positive"
    price: Literal["positive", "any"] = "positive"
    duplicates: bool = True
    outliers: Fences = field(default_factory=Fences)


def _day(name: str, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a day like 2011-12-09, got {text!r}") from error
