"""The cleaned log of a shop: events, users and items, before any split."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Column:
    """Names of the columns; raw columns carry ids as the shop writes them, clean ones dense rows."""

    USER_ID = "user_id"  # raw: String or Int64, the shop's own
    ITEM_ID = "item_id"  # raw
    TIMESTAMP = "timestamp"  # raw: Datetime("us", UTC) or Date
    VISIT_ID = "visit_id"  # raw, where the shop numbers its visits
    KIND = "kind"  # raw: String, for example view, cart, purchase
    WEIGHT = "weight"  # Float32
    QUANTITY = "quantity"  # Float32
    PRICE = "price"  # Float32, of one piece
    USER = "user"  # clean: Int32, row of EventLog.users
    ITEM = "item"  # clean: Int32, row of EventLog.items
    TIME = "time"  # clean: Int64, microseconds since 1970-01-01 UTC
    VISIT = "visit"  # clean: Int64 key; equal for events of one user in one visit
    CANCELLED_AT = "cancelled_at"  # clean: Int64 like TIME, null unless cancelled in full
    FIRST_SEEN = "first_seen"  # clean: Int64 like TIME


@dataclass(frozen=True, slots=True)
class LogRoles:
    """What the optional columns of a log hold.

    Attributes:
        has_times: Whether rows carry a time; without times there are no visits.
        user_categories: Columns with a class of the user (age group, area).
        user_numbers: Columns with a number for the user (age in years, height).
        item_categories: Columns with a class of the item.
        item_numbers: Columns with a number for the item, apart from the price of its events.
        item_text: Column with the title or description of the item, if any.
        has_hours: Whether times resolve the hour of the day (False for plain dates).
        has_cancellations: Whether the log marks purchases that were taken back.

    """

    has_times: bool
    user_categories: tuple[str, ...] = ()
    user_numbers: tuple[str, ...] = ()
    item_categories: tuple[str, ...] = ()
    item_numbers: tuple[str, ...] = ()
    item_text: str | None = None
    has_hours: bool = False
    has_cancellations: bool = False


@dataclass(frozen=True, slots=True)
class EventLog:
    """A cleaned event log.

    Attributes:
        events: One row per event, sorted by (user, time). Columns: user Int32, item Int32, weight
            Float32; where the log has times also time Int64, visit Int64; where present quantity
            Float32, price Float32, kind (UInt8 code), cancelled_at Int64.
        users: One row per user in order of ``user``: user_id as the shop writes it and the user's
            features *at the first event* (columns named in ``roles``).
        items: One row per item in order of ``item``: item_id as the shop writes it.
        item_attributes: Distinct attribute values of items: item Int32, the columns that ``roles``
            names, and first_seen Int64 (null: known before the log begins). Rows sorted by (item, first_seen): the
            value to use at time T is the first row with first_seen < T, or null first_seen. Where values were read
            off the log for a split by user, also user Int32, the user in whose row the value stands.
        roles: What the optional columns hold.
        kinds: Names of the event kinds; the position is the code in ``events.kind``.
        target_kinds: Those among them that are asked for; the others are only shown. None for all.
        digest: sha256 over the source files, hex.

    """

    events: pl.DataFrame
    users: pl.DataFrame
    items: pl.DataFrame
    item_attributes: pl.DataFrame
    roles: LogRoles
    kinds: tuple[str, ...] = ()
    target_kinds: tuple[str, ...] | None = None
    digest: str = ""

    def __post_init__(self) -> None:
        for kind in self.target_kinds or ():
            if kind not in self.kinds or Column.KIND not in self.events.columns:
                raise ValueError(f"target_kinds must be among the kinds of the events ({self.kinds}), got {kind!r}")
        expected = {Column.USER: pl.Int32, Column.ITEM: pl.Int32, Column.WEIGHT: pl.Float32}
        if self.roles.has_times:
            expected |= {Column.TIME: pl.Int64, Column.VISIT: pl.Int64}
        for name, dtype in expected.items():
            found = self.events.schema.get(name)
            if found != dtype:
                raise ValueError(f"events.{name} must be {dtype}, got {found}")

    def asked_for(self) -> NDArray[np.bool_]:
        """Which events are of a kind that is asked for, bool (events,)."""
        if self.target_kinds is None:
            return np.ones(self.events.height, dtype=np.bool_)
        codes = [self.kinds.index(kind) for kind in self.target_kinds]
        return np.isin(self.events[Column.KIND].to_numpy(), codes)
