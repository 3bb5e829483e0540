"""A log as the shop keeps it: what a data source hands to the cleaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import polars as pl

from tasks.domain import LogRoles
from tasks.ingestion.kinds import KindRules

CANCELLATION = "cancellation"
"""Raw Boolean column of logs that mark the rows that take a purchase back."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file the log was read from.

    Attributes:
        path: Where it lies on this machine.
        sha256: Digest of its bytes, hex.

    """

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLog:
    """A log before cleaning, in canonical raw columns (``tasks.domain.Column``).

    Attributes:
        rows: user_id, item_id and, where the log has them, timestamp, visit_id, kind, quantity, price and
            cancellation (Boolean), plus the attribute columns that ``roles`` names.
        schema: Expected type of each raw column, checked before anything else.
        roles: What the optional columns hold.
        files: The files it was read from.
        visit: What a visit is: a calendar day of ``time_zone``, or what shares a ``visit_id``.
        time_zone: IANA name; days are cut in it.
        kinds: Which kinds of events count, and how much; None where all count alike.
        non_product_items: Regular expression (Rust syntax) on item_id of codes that are no products, such as
            postage and tests; None where there are none.
        user_features: user_id and feature columns, known before the log begins.
        item_features: item_id and feature columns, known before the log begins.
        name: Name of the data set, for messages.

    """

    rows: pl.LazyFrame
    schema: Mapping[str, pl.DataType]
    roles: LogRoles
    files: tuple[SourceFile, ...]
    visit: Literal["day", "visit_id"]
    time_zone: str
    kinds: KindRules | None
    non_product_items: str | None
    user_features: pl.LazyFrame | None = None
    item_features: pl.LazyFrame | None = None
    name: str


class DatasetSource(Protocol):
    """A data set: a frozen dataclass of its settings in ``tasks/ingestion/sources/<name>.py``."""

    @property
    def questions(self) -> tuple[str, ...]:
        """Questions the log can answer, the default one first: next_visits, this_visit, rest.

        A source whose split and questions are a considered choice also sets ``falls_back = False``; any other
        log falls back to ``user_holdout`` and ``rest`` where it is too short for a split by time. One whose settings
        may be incomplete also has ``check()``, which raises what ``load`` would without reading anything.
        """
        ...

    def load(self, cache: Path) -> RawLog:
        """Obtain the files (download, verify, cache) and scan them lazily.

        Args:
            cache: Folder for downloads.

        Returns:
            The log, not yet read.

        Raises:
            DataError: The data cannot be had, or are not what they should be.

        """
        ...


def check_source(source: DatasetSource) -> None:
    """See that a data set can be looked for, before anything is started for it.

    Raises:
        DataError: A setting is missing, or names no file.
    """
    check = getattr(source, "check", None)
    if check is not None:
        check()
