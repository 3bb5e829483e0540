"""Rules that look at one row at a time, as Polars expressions: all of them run in the pass that reads the file."""

import datetime

import polars as pl

from tasks.domain import Column
from tasks.ingestion.cleaning.rules import CleaningRules
from tasks.ingestion.raw import CANCELLATION, RawLog

MICROSECONDS_PER_DAY = 86_400_000_000
DAY = "day"
"""Days since 1970-01-01 in the time zone of the shop, Int32."""
REASON = "reason"
"""Which rule drops the row: 1-based position in the list of rules; 0 keeps it. UInt8."""


def clock(schema: pl.Schema, time_zone: str) -> tuple[pl.Expr, ...]:
    """``day`` of every row and, where times are more than dates, ``time`` (microseconds since 1970-01-01 UTC)."""
    stamp = pl.col(Column.TIMESTAMP)
    if schema[Column.TIMESTAMP] == pl.Date:
        return (stamp.to_physical().alias(DAY),)
    utc = stamp.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    local = utc if time_zone == "UTC" else utc.dt.convert_time_zone(time_zone)
    return utc.to_physical().alias(Column.TIME), local.dt.date().to_physical().alias(DAY)


def amounts(schema: pl.Schema) -> tuple[pl.Expr, ...]:
    """Quantity and price where the log has them: Float32, NaN as null."""
    present = [name for name in (Column.QUANTITY, Column.PRICE) if name in schema]
    return tuple(pl.col(name).cast(pl.Float32).fill_nan(None) for name in present)


def is_cancellation(schema: pl.Schema, rules: CleaningRules) -> pl.Expr | None:
    """Whether a row takes a purchase back; None where the log cannot tell, or the rule is off."""
    signs = []
    if CANCELLATION in schema:
        signs.append(pl.col(CANCELLATION).fill_null(False))
    if Column.QUANTITY in schema:
        signs.append((pl.col(Column.QUANTITY) < 0).fill_null(False))
    return pl.any_horizontal(signs) if rules.cancellations and signs else None


def row_rules(
    raw: RawLog, schema: pl.Schema, rules: CleaningRules, until: datetime.date | None
) -> tuple[tuple[str, pl.Expr], ...]:
    """Names of the rules and what they drop, in the order in which a row is charged to them.

    The expressions expect the columns of ``clock`` and ``amounts``. A null flag drops nothing.

    Args:
        raw: The log.
        schema: Its raw columns.
        rules: Settings.
        until: Rows of this day and later are not seen at all.

    """
    found = [("missing_user", _missing(Column.USER_ID, schema)), ("missing_item", _missing(Column.ITEM_ID, schema))]
    if raw.roles.has_times:
        day = pl.col(DAY)
        impossible = day.is_null()
        if rules.dates.check:
            first, last = rules.dates.bounds()
            impossible |= (day < _number(first)) | (day > _number(last))
        found.append(("impossible_date", impossible))
        if until is not None:
            found.append(("after_until", day >= _number(until)))
    cancellation = is_cancellation(schema, rules)
    bought = pl.lit(True) if cancellation is None else ~cancellation
    if raw.kinds is not None:
        # A row that takes something back has no weight: its kind may be anything.
        known = pl.col(Column.KIND).is_in(list(raw.kinds.weights)).fill_null(False)
        found.append(("unknown_kind", bought & ~known))
        if raw.kinds.left_out:
            found.append(("left_out_kind", bought & pl.col(Column.KIND).is_in(list(raw.kinds.left_out))))
    if rules.non_products and raw.non_product_items is not None:
        found.append(("non_product", pl.col(Column.ITEM_ID).cast(pl.String).str.contains(raw.non_product_items)))
    for column, setting in ((Column.QUANTITY, rules.quantity), (Column.PRICE, rules.price)):
        if column in schema:
            amount = pl.col(column)
            wrong = amount.is_infinite() if setting == "any" else (amount <= 0) | amount.is_infinite()
            found.append((f"impossible_{column}" if setting == "any" else f"non_positive_{column}", bought & wrong))
    return tuple(found)


def reason(rules: tuple[tuple[str, pl.Expr], ...]) -> pl.Expr:
    """The first rule that drops a row."""
    charged = (pl.when(flag).then(pl.lit(place, pl.UInt8)) for place, (_, flag) in enumerate(rules, start=1))
    return pl.coalesce(*charged, pl.lit(0, pl.UInt8)).alias(REASON)


def _missing(column: str, schema: pl.Schema) -> pl.Expr:
    if schema[column] != pl.String:
        return pl.col(column).is_null()
    # Blank text is no identifier; anything else is one, spaces and leading zeros included.
    return pl.col(column).is_null() | ~pl.col(column).str.contains(r"\S")


def _number(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days
