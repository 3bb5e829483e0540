"""Features of the catalogue's items: text, classes, price and other numbers, from warm rows before the cut only."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog, ItemFeatures, LogRoles, Provenance
from tasks.errors import DataError
from tasks.features.categories import CategoryCodes
from tasks.features.identity import as_text
from tasks.features.numbers import NumberColumns
from tasks.features.settings import FeatureSettings
from tasks.features.text import Arrays, NoText, TextEncoder, fit_text_encoder, text_encoder_from_state


@dataclass(frozen=True, slots=True)
class ItemEncoder:
    """Encodes items the same way in training and later.

    Attributes:
        text: Encoder of the text.
        text_column: Column with the text; None without.
        categories: Codes of the F columns that hold classes.
        numbers: The columns that hold numbers, the price first where the log has prices.
        log_price: Whether the price is read as log(1 + price).
        provenance: The users and times it was fitted on.

    """

    text: TextEncoder
    text_column: str | None
    categories: tuple[CategoryCodes, ...]
    numbers: NumberColumns
    log_price: bool
    provenance: Provenance

    @classmethod
    def fit(
        cls,
        log: EventLog,
        catalogue: NDArray[np.int32],
        before: int | None,
        settings: FeatureSettings,
        *,
        warm_users: NDArray[np.integer] | None = None,
    ) -> tuple["ItemEncoder", ItemFeatures]:
        """Fit to the catalogue as it was known before the cut.

        Args:
            log: The cleaned log.
            catalogue: int32 (I,), rows of ``EventLog.items``.
            before: The cut, microseconds since 1970-01-01 UTC; None where the split knows no cut.
            settings: Scaling, rare classes, text.
            warm_users: int32 (U,), rows of ``EventLog.users`` whose prices and words count; by default everyone's
                before the cut. To be given where the split holds out users rather than times.

        Returns:
            The encoder, and the features of the I items in the order of ``catalogue``.

        Raises:
            DataError: A column that the log's roles name is missing.
            ConfigError: The sentence encoder cannot be used.

        """
        described = attribute_rows(log, catalogue, before, warm_users)
        known = _first_values(described, catalogue, log.roles)
        rows = _warm_rows(log, before, warm_users)
        if Column.PRICE in log.events.columns:
            known = known.with_columns(_median_prices(rows, catalogue).alias(Column.PRICE))
        roles = log.roles
        numbers = _number_columns(roles, has_price=Column.PRICE in log.events.columns)
        prepared = _prepare(known, settings.log_price)
        encoder = cls(
            text=NoText()
            if roles.item_text is None
            else fit_text_encoder(_texts(known, roles.item_text), settings.text),
            text_column=roles.item_text,
            categories=tuple(
                CategoryCodes.fit(known.get_column(name), settings.rarest_category) for name in roles.item_categories
            ),
            numbers=NumberColumns.fit(prepared, numbers, settings.scaling, settings.clip),
            log_price=settings.log_price,
            provenance=_provenance(rows, described, roles),
        )
        return encoder, encoder.transform(known)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of codes per class column, the unknown included, length F."""
        return tuple(column.cardinality for column in self.categories)

    def transform(self, items: pl.DataFrame) -> ItemFeatures:
        """Encode items: one row each, raw columns as in the log, ``price`` in the log's currency."""
        codes = np.zeros((items.height, len(self.categories)), dtype=np.int32)
        for position, column_codes in enumerate(self.categories):
            if column_codes.column in items.columns:
                codes[:, position] = column_codes.transform(items.get_column(column_codes.column))
        texts: list[str | None] = [None] * items.height
        if self.text_column is not None and self.text_column in items.columns:
            texts = _texts(items, self.text_column)
        return ItemFeatures(self.text.transform(texts), codes, self.numbers.transform(_prepare(items, self.log_price)))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """What is fitted, as plain JSON values and arrays."""
        text, arrays = self.text.state()
        plain = {
            "text": text,
            "text_column": self.text_column,
            "categories": [column.to_json() for column in self.categories],
            "numbers": self.numbers.to_json(),
            "log_price": self.log_price,
            "provenance": asdict(self.provenance),
        }
        return plain, arrays

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "ItemEncoder":
        """The encoder whose ``state`` this is."""
        return cls(
            text_encoder_from_state(state["text"], arrays),
            state["text_column"],
            tuple(CategoryCodes.from_json(column) for column in state["categories"]),
            NumberColumns.from_json(state["numbers"]),
            bool(state["log_price"]),
            Provenance(**state["provenance"]),
        )


def attribute_rows(
    log: EventLog, catalogue: NDArray[np.int32], before: int | None, warm_users: NDArray[np.integer] | None = None
) -> pl.DataFrame:
    """The rows of ``EventLog.item_attributes`` that a fit may see.

    Args:
        log: The cleaned log.
        catalogue: int32 (I,), rows of ``EventLog.items``.
        before: The cut in microseconds; None for no cut.
        warm_users: int32 (U,), rows of ``EventLog.users``: where the log keeps in whose rows a value stands, only
            theirs count.

    Raises:
        DataError: A column that the roles name is missing.

    """
    for column in _attribute_columns(log.roles):
        if column not in log.item_attributes.columns:
            raise DataError(
                f"item feature {column!r} is configured, but the items have only the columns "
                f"{log.item_attributes.columns}: correct the dataset's item columns"
            )
    if not _attribute_columns(log.roles):
        return log.item_attributes.clear()
    rows = log.item_attributes
    if before is not None:
        rows = rows.filter(pl.col(Column.FIRST_SEEN).is_null() | (pl.col(Column.FIRST_SEEN) < before))
    if warm_users is not None and Column.USER in rows.columns:
        rows = _of_users(rows, warm_users)
    return rows.join(_wanted(catalogue), on=Column.ITEM, how="semi")


def attributes_before(
    log: EventLog, catalogue: NDArray[np.int32], before: int | None, warm_users: NDArray[np.integer] | None = None
) -> pl.DataFrame:
    """The first value of each attribute that a fit may know; arguments as for ``attribute_rows``.

    Returns:
        One row per item in the order of ``catalogue`` with the columns that the roles name; null where nothing
        was known.

    """
    return _first_values(attribute_rows(log, catalogue, before, warm_users), catalogue, log.roles)


def titles_before(
    log: EventLog, catalogue: NDArray[np.int32], before: int | None, warm_users: NDArray[np.integer] | None = None
) -> pl.Series | None:
    """Titles of the catalogue's items, for people to read: String (I,); None without text.

    Arguments as for ``attribute_rows``.
    """
    if log.roles.item_text is None:
        return None
    return as_text(attributes_before(log, catalogue, before, warm_users).get_column(log.roles.item_text))


def _attribute_columns(roles: LogRoles) -> list[str]:
    return [*roles.item_categories, *roles.item_numbers, *([roles.item_text] if roles.item_text else [])]


def _first_values(rows: pl.DataFrame, catalogue: NDArray[np.int32], roles: LogRoles) -> pl.DataFrame:
    columns = _attribute_columns(roles)
    if not columns:
        return _wanted(catalogue)
    values = (
        rows.sort(Column.ITEM, Column.FIRST_SEEN, nulls_last=False, maintain_order=True)
        .group_by(Column.ITEM, maintain_order=True)
        .agg([pl.col(column).drop_nulls().first() for column in columns])
    )
    return _wanted(catalogue).join(values, on=Column.ITEM, how="left", maintain_order="left")


def _wanted(catalogue: NDArray[np.int32]) -> pl.DataFrame:
    return pl.DataFrame({Column.ITEM: pl.Series(catalogue, dtype=pl.Int32)})


def _warm_rows(log: EventLog, before: int | None, warm_users: NDArray[np.integer] | None) -> pl.DataFrame:
    rows = log.events
    if before is not None:
        rows = rows.filter(pl.col(Column.TIME) < before)
    return rows if warm_users is None else _of_users(rows, warm_users)


def _of_users(rows: pl.DataFrame, users: NDArray[np.integer]) -> pl.DataFrame:
    return rows.join(pl.DataFrame({Column.USER: pl.Series(users, dtype=pl.Int32)}), on=Column.USER, how="semi")


def _provenance(rows: pl.DataFrame, described: pl.DataFrame, roles: LogRoles) -> Provenance:
    """Users and times of the events and attribute rows that were seen."""
    sources = [rows, described] if Column.USER in described.columns else [rows]
    users = np.concatenate([source.get_column(Column.USER).to_numpy() for source in sources])
    if not roles.has_times:
        return Provenance.of("item_features", users, None)
    times = [rows.get_column(Column.TIME).to_numpy()]
    if Column.FIRST_SEEN in described.columns:
        times.append(described.get_column(Column.FIRST_SEEN).cast(pl.Int64).drop_nulls().to_numpy())
    return Provenance.of("item_features", users, np.concatenate(times))


def _median_prices(rows: pl.DataFrame, catalogue: NDArray[np.int32]) -> pl.Series:
    medians = rows.group_by(Column.ITEM).agg(pl.col(Column.PRICE).cast(pl.Float64).median())
    wanted = pl.DataFrame({Column.ITEM: pl.Series(catalogue, dtype=pl.Int32)})
    return wanted.join(medians, on=Column.ITEM, how="left", maintain_order="left").get_column(Column.PRICE)


def _number_columns(roles: LogRoles, *, has_price: bool) -> tuple[str, ...]:
    others = tuple(column for column in roles.item_numbers if column != Column.PRICE)
    return (Column.PRICE, *others) if has_price or Column.PRICE in roles.item_numbers else others


def _prepare(items: pl.DataFrame, log_price: bool) -> pl.DataFrame:
    if not log_price or Column.PRICE not in items.columns:
        return items
    price = pl.col(Column.PRICE).cast(pl.Float64, strict=False)
    return items.with_columns(pl.when(price >= 0).then(price.log1p()).alias(Column.PRICE))


def _texts(items: pl.DataFrame, column: str) -> list[str | None]:
    return as_text(items.get_column(column)).to_list()
