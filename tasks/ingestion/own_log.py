"""What the owner of a log says of its columns, wherever the log lies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tasks.domain import LogRoles
from tasks.ingestion.mapping import LogColumns, LogMapping


@dataclass(frozen=True, kw_only=True)
class OwnLog:
    """Settings that logs in files and in databases share.

    Attributes:
        columns: Names of the columns.
        kinds: Weight per kind of event, for example ``{view: 1, cart: 2, purchase: 5}``; needs ``columns.kind``.
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
    kinds: dict[str, float] | None = None
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
        kinds: Mapping[str, float] | None = self.kinds
        return LogMapping(self.columns, kinds, roles, self.time_format, self.time_zone, self.non_product_items)
