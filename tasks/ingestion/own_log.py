"""What the owner of a log says of its columns, wherever the log lies."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from tasks.domain import LogRoles
from tasks.ingestion.kinds import KindRules
from tasks.ingestion.mapping import LogColumns, LogMapping


@dataclass(frozen=True, kw_only=True)
class OwnLog:
    """Settings that logs in files and in databases share.

    Attributes:
        columns: Names of the columns.
        kinds: Weight per kind of event, for example ``{view: 0.1, cart: 0.5, purchase: 1}``; 0 leaves a kind out. Needs
            ``columns.kind``. Null: all events count alike.
        target_kinds: Kinds that are asked for, the others are only shown; null: those of the greatest weight.
        unknown_kinds: What is done with events of kinds that ``kinds`` does not name: an ``error``, or ``ignore``.
        user_categories: Columns with a class of the user, in the log or in ``user_features``.
        user_numbers: Columns with a number for the user.
        item_categories: Columns with a class of the item, in the log or in ``item_features``.
        item_numbers: Columns with a number for the item.
        item_text: Column with the title or description of the item.
        user_features: A file, or SQL, with one row per user: the id under the name it has in the log, and features.
        item_features: A file, or SQL, with one row per item.
        time_format: ``auto``, ``iso``, ``s``, ``ms`` or ``us`` since 1970, or a format like ``%d.%m.%Y %H:%M``.
        time_zone: IANA name: where wall clocks stand and days are cut.
        non_product_items: Regular expression on item codes that are no products (postage, tests).

    """

    columns: LogColumns = field(default_factory=LogColumns)
    kinds: dict[str | int, float] | None = None
    target_kinds: tuple[str | int, ...] | None = None
    unknown_kinds: Literal["error", "ignore"] = "error"
    user_categories: tuple[str, ...] = ()
    user_numbers: tuple[str, ...] = ()
    item_categories: tuple[str, ...] = ()
    item_numbers: tuple[str, ...] = ()
    item_text: str | None = None
    user_features: str | None = None
    item_features: str | None = None
    time_format: str = "auto"
    time_zone: str = "UTC"
    non_product_items: str | None = None

    questions: ClassVar[tuple[str, ...]] = ("next_visits", "this_visit", "rest")

    def __post_init__(self) -> None:
        self.mapping()  # checks the settings

    def mapping(self) -> LogMapping:
        """How the columns are read."""
        roles = LogRoles(
            has_times=True,
            user_categories=self.user_categories,
            user_numbers=self.user_numbers,
            item_categories=self.item_categories,
            item_numbers=self.item_numbers,
            item_text=self.item_text,
        )
        return LogMapping(self.columns, self._kinds(), roles, self.time_format, self.time_zone, self.non_product_items)

    def _kinds(self) -> KindRules | None:
        if self.kinds is None:
            if self.target_kinds is not None:
                raise ValueError("target_kinds needs kinds, the weight of each kind")
            return None
        if self.target_kinds is not None and not self.target_kinds:
            raise ValueError("target_kinds must name a kind, or be null for those of the greatest weight")
        weights = {str(kind): weight for kind, weight in self.kinds.items()}
        return KindRules(weights, tuple(map(str, self.target_kinds or ())), self.unknown_kinds)
