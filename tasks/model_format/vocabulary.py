"""The items of a model under the ids that the shop writes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import OUTSIDE, Column, EventLog
from tasks.features.identity import as_text

_TITLE = "title"
_CATEGORY = "category:"
"""Columns of classes are marked: one may be called like another column."""


@dataclass(frozen=True)
class ItemVocabulary:
    """The catalogue's items, row by row.

    Attributes:
        ids: String or integer (I,), as the shop writes them, distinct.
        titles: String (I,), null where an item has none; None where the log has no titles.
        categories: One String column of I rows per class that the log tells of items, null where unknown; None
            where it tells none. For people to read and to filter by.

    """

    ids: pl.Series
    titles: pl.Series | None = None
    categories: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.ids.n_unique() != len(self.ids) or self.ids.null_count():
            raise ValueError("item ids must be distinct and never null")
        if self.titles is not None and len(self.titles) != len(self.ids):
            raise ValueError(f"expected {len(self.ids)} titles, got {len(self.titles)}")
        if self.categories is not None and self.categories.height != len(self.ids):
            raise ValueError(f"expected categories of {len(self.ids)} items, got {self.categories.height}")

    @classmethod
    def of(
        cls,
        log: EventLog,
        catalogue: NDArray[np.int32],
        titles: pl.Series | None = None,
        categories: pl.DataFrame | None = None,
    ) -> "ItemVocabulary":
        """The items of a catalogue, int32 (I,), rows of ``EventLog.items``."""
        return cls(log.items.get_column(Column.ITEM_ID)[catalogue.tolist()], titles, categories)

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: pl.Series) -> NDArray[np.int32]:
        """Rows of raw ids (n,), whatever type a file gave them: int32 (n,), ``OUTSIDE`` where unknown."""
        wanted = as_text(ids)
        if self.ids.dtype.is_integer():
            wanted = wanted.cast(self.ids.dtype, strict=False)
        places = self._places
        return np.fromiter((places.get(one, OUTSIDE) for one in wanted.to_list()), dtype=np.int32, count=len(wanted))

    @cached_property
    def _places(self) -> dict[str | int, int]:
        """Row by id as a request may write it; of ids that differ in outer blanks only the first counts."""
        own = self.ids if self.ids.dtype.is_integer() else as_text(self.ids)
        # Later entries win, so the first row comes last. A missing id in a request is no item.
        found = dict(zip(reversed(own.to_list()), range(len(own) - 1, -1, -1), strict=True))
        found.pop(None, None)
        return found

    def to_frame(self) -> pl.DataFrame:
        """One row per item: item_id and, where there are any, title and a column per class."""
        titles = [] if self.titles is None else [self.titles.alias(_TITLE)]
        classes = [] if self.categories is None else self.categories.get_columns()
        return pl.DataFrame(
            [self.ids.alias(Column.ITEM_ID), *titles, *(one.alias(f"{_CATEGORY}{one.name}") for one in classes)]
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> "ItemVocabulary":
        """The vocabulary that ``to_frame`` wrote."""
        titles = frame.get_column(_TITLE) if _TITLE in frame.columns else None
        marked = [column for column in frame.get_columns() if column.name.startswith(_CATEGORY)]
        classes = [column.alias(column.name.removeprefix(_CATEGORY)) for column in marked]
        return cls(frame.get_column(Column.ITEM_ID), titles, pl.DataFrame(classes) if classes else None)
