"""From anybody's columns to the canonical ones, for files and queries alike."""

import dataclasses
import logging
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tasks.domain import Column, LogRoles
from tasks.errors import DataError
from tasks.ingestion.columns import require_columns
from tasks.ingestion.kinds import KindRules
from tasks.ingestion.raw import CANCELLATION, RawLog, SourceFile
from tasks.ingestion.schema import collect
from tasks.ingestion.times import FORMATS, read_times

logger = logging.getLogger(__name__)

TRUE = ("true", "t", "yes", "y", "1")
"""How text says that a row is a cancellation."""


@dataclass(frozen=True)
class LogColumns:
    """Names of the columns of a log, null where it has none.

    Attributes:
        user: Who.
        item: What; text or whole numbers, as ``user``.
        timestamp: When. A log without a column of the default name is read without times.
        visit: Number of the visit (invoice, order, session); without one a visit is a day.
        kind: Kind of event (view, cart, purchase).
        quantity: Pieces; negative ones are returns.
        price: Price of a piece.
        cancellation: Whether the row takes a purchase back.

    """

    user: str = Column.USER_ID
    item: str = Column.ITEM_ID
    timestamp: str | None = Column.TIMESTAMP
    visit: str | None = None
    kind: str | None = None
    quantity: str | None = None
    price: str | None = None
    cancellation: str | None = None


@dataclass(frozen=True)
class LogMapping:
    """How the columns of a log are to be read.

    Attributes:
        columns: Their names.
        kinds: Which kinds of events count, and how much; null weighs all rows 1.
        roles: Attribute columns; whether there are times is found out.
        time_format: See ``read_times``.
        time_zone: IANA name: wall clocks stand there, and days are cut there.
        non_product_items: Regular expression on item codes that are no products.

    """

    columns: LogColumns = dataclasses.field(default_factory=LogColumns)
    kinds: KindRules | None = None
    roles: LogRoles = dataclasses.field(default_factory=lambda: LogRoles(has_times=True))
    time_format: str = "auto"
    time_zone: str = "UTC"
    non_product_items: str | None = None

    def __post_init__(self) -> None:
        if self.time_format not in FORMATS and "%" not in self.time_format:
            raise ValueError(
                f"time_format must be one of {', '.join(FORMATS)}, or a format like %d.%m.%Y, got {self.time_format!r}"
            )
        if self.time_zone not in zoneinfo.available_timezones():
            raise ValueError(f"time_zone must be an IANA name like Europe/London, got {self.time_zone!r}")
        if self.kinds is not None and self.columns.kind is None:
            raise ValueError("kinds needs columns.kind, the name of the column that holds them")

    def apply(
        self,
        frame: pl.LazyFrame,
        *,
        name: str,
        where: str,
        files: tuple[SourceFile, ...],
        user_features: pl.LazyFrame | None = None,
        item_features: pl.LazyFrame | None = None,
    ) -> RawLog:
        """Read a frame as a log; looks at its schema and its first rows only.

        Args:
            frame: The rows under the shop's own names; text is read as what the mapping says it is.
            name: Name of the data set.
            where: Names the file or query in messages.
            files: Files it is read from.
            user_features: Table of users: their id under the log's name for it, and features.
            item_features: Table of items.

        Raises:
            DataError: A column is missing or cannot be read.

        """
        given, columns = self._present(frame, where), self.columns
        has_times = columns.timestamp is not None and columns.timestamp in given
        beside = [_named(table) for table in (user_features, item_features) if table is not None]
        attributes = {column: given[column] for column in _attributes(self.roles) if column in given}
        _require_attributes(self.roles, attributes, beside, where)
        select = {
            Column.USER_ID: identifier(frame, columns.user, where),
            Column.ITEM_ID: identifier(frame, columns.item, where),
        }
        has_hours = False
        if columns.timestamp is not None and has_times:
            times, has_hours = read_times(frame, columns.timestamp, self.time_format, self.time_zone, where)
            select[Column.TIMESTAMP] = times
        if columns.visit is not None and has_times:
            select[Column.VISIT_ID] = pl.col(columns.visit).cast(pl.String)
        if columns.kind is not None:
            select[Column.KIND] = pl.col(columns.kind).cast(pl.String).str.strip_chars()
        for target, source in ((Column.QUANTITY, columns.quantity), (Column.PRICE, columns.price)):
            if source is not None:
                select[target] = number(source, given[source])
        if columns.cancellation is not None:
            select[CANCELLATION] = flag(columns.cancellation, given[columns.cancellation])
        for attribute, dtype in attributes.items():
            numeric = attribute in (*self.roles.user_numbers, *self.roles.item_numbers)
            select[attribute] = number(attribute, dtype) if numeric else pl.col(attribute).cast(pl.String)
        rows = frame.select(**select)
        return RawLog(
            rows=rows,
            schema=dict(rows.collect_schema()),
            roles=dataclasses.replace(
                self.roles,
                has_times=has_times,
                has_hours=has_hours,
                has_cancellations=columns.cancellation is not None,
            ),
            files=files,
            visit="visit_id" if Column.VISIT_ID in select else "day",
            time_zone=self.time_zone,
            kinds=self.kinds,
            non_product_items=self.non_product_items,
            user_features=self._table(user_features, columns.user, Column.USER_ID, where),
            item_features=self._table(item_features, columns.item, Column.ITEM_ID, where),
            name=name,
        )

    def _present(self, frame: pl.LazyFrame, where: str) -> pl.Schema:
        wanted = [name for name in dataclasses.astuple(self.columns) if name is not None]
        optional = self.columns.timestamp == Column.TIMESTAMP
        require_columns(frame, [name for name in wanted if not (optional and name == Column.TIMESTAMP)], where)
        given = frame.collect_schema()
        if self.columns.timestamp is not None and self.columns.timestamp not in given:
            logger.info("%s has no column %r: the log is read without times", where, self.columns.timestamp)
        return given

    def _table(self, table: pl.LazyFrame | None, own: str, canonical: str, where: str) -> pl.LazyFrame | None:
        if table is None:
            return None
        given = _named(table)
        key = own if own in given else canonical
        require_columns(table, [key], f"the table of features beside {where}")
        numbers = (*self.roles.user_numbers, *self.roles.item_numbers)
        features = [column for column in _attributes(self.roles) if column in given]
        read = [
            number(column, given[column]) if column in numbers else pl.col(column).cast(pl.String)
            for column in features
        ]
        return table.select(identifier(table, key, where).alias(canonical), *read)


def identifier(frame: pl.LazyFrame, column: str, where: str) -> pl.Expr:
    """Identifiers as text or Int64: what is text stays as it is, leading zeros included.

    Raises:
        DataError: The column is of a type that names nothing.

    """
    value, dtype = pl.col(column), frame.collect_schema()[column]
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return value.cast(pl.String)
    if dtype.is_integer():
        fits = dtype not in (pl.UInt64, pl.Int128, pl.UInt128)
        return value.cast(pl.Int64 if fits else pl.String)
    if dtype.is_decimal() and getattr(dtype, "scale", 1) == 0:
        return value.cast(pl.String)
    if dtype.is_float():  # whole numbers of which some are missing are often kept so
        broken = collect(frame.select((value.is_finite() & (value != value.floor())).any()), where).item()
        if not broken:
            return pl.when(value.is_finite()).then(value).cast(pl.Int64)
    raise DataError(
        f"{where}: expected column {column!r} to hold identifiers (text or whole numbers), found {dtype}. "
        "Convert it, or name another column"
    )


def number(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column of numbers as Float32; text that is no number is an error when the rows are read."""
    value = pl.col(column)
    if dtype == pl.String:
        value = value.str.strip_chars()
        value = pl.when(value != "").then(value)
    return value.cast(pl.Float32).alias(column)


def flag(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column of yes and no as Boolean."""
    value = pl.col(column)
    if dtype == pl.String:
        return value.str.strip_chars().str.to_lowercase().is_in(TRUE)
    return value.cast(pl.Boolean)


def _attributes(roles: LogRoles) -> tuple[str, ...]:
    text = (roles.item_text,) if roles.item_text else ()
    return (*roles.user_categories, *roles.user_numbers, *roles.item_categories, *roles.item_numbers, *text)


def _named(table: pl.LazyFrame) -> pl.Schema:
    return table.collect_schema()


def _require_attributes(
    roles: LogRoles, attributes: Mapping[str, pl.DataType], beside: list[pl.Schema], where: str
) -> None:
    for name in _attributes(roles):
        if name not in attributes and not any(name in schema for schema in beside):
            raise DataError(
                f"{where}: expected the column {name!r} that the settings name, in the log or in a table of features. "
                "Correct the name under dataset"
            )
