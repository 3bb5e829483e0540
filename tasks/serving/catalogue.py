"""The items of a served model, for people and filters: ids, titles, classes, and a search over all three."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.features.identity import as_text
from tasks.model_format import ItemVocabulary

_WORD = re.compile(r"\w+")
_KEPT = 65_536
"""Items that are kept as answers tell them."""


@dataclass(frozen=True)
class Catalogue:
    """Items, row by row.

    Attributes:
        ids: Of the I items, as text.
        titles: None where an item has none.
        classes: Per class of the log, the value of each item; None where unknown.

    """

    ids: tuple[str, ...]
    titles: tuple[str | None, ...]
    classes: dict[str, tuple[str | None, ...]]

    @classmethod
    def of(cls, items: ItemVocabulary) -> "Catalogue":
        """The items of a model."""
        titles = [None] * len(items) if items.titles is None else items.titles.to_list()
        frame = items.categories
        classes = {} if frame is None else {one.name: tuple(one.to_list()) for one in frame.get_columns()}
        return cls(tuple(str(one) for one in as_text(items.ids).to_list()), tuple(titles), classes)

    def __len__(self) -> int:
        return len(self.ids)

    def categories_of(self, row: int) -> list[str]:
        """What classes an item is of."""
        return [value for values in self.classes.values() if (value := values[row]) is not None]

    @cached_property
    def item_of(self) -> Callable[[int], dict[str, Any]]:
        """An item as answers tell it, by its row: ``item_id``, ``title``, ``categories``; to be read only."""

        def told(row: int) -> dict[str, Any]:
            return {"item_id": self.ids[row], "title": self.titles[row], "categories": self.categories_of(row)}

        return lru_cache(maxsize=_KEPT)(told)

    def name_of(self, row: int) -> str:
        """How to call an item: by title, else by class and id."""
        title = self.titles[row]
        if title:
            return title
        categories = self.categories_of(row)
        return f"{self.ids[row]} ({', '.join(categories)})" if categories else self.ids[row]

    @cached_property
    def rows_by_category(self) -> dict[str, NDArray[np.int64]]:
        """Rows of each class, whatever column it stands in."""
        found: dict[str, list[int]] = {}
        for values in self.classes.values():
            for row, value in enumerate(values):
                if value is not None:
                    found.setdefault(value, []).append(row)
        return {value: np.array(rows, dtype=np.int64) for value, rows in found.items()}

    @cached_property
    def _texts(self) -> list[str]:
        rows = range(len(self.ids))
        return [" ".join((self.titles[row] or "", *self.categories_of(row), self.ids[row])).lower() for row in rows]

    def search(self, words: str, limit: int, order: NDArray[np.integer]) -> list[int]:
        """Rows of items whose title, classes or id hold all words, as beginnings or parts.

        Args:
            words: What was typed; nothing finds everything.
            limit: Most rows.
            order: Rows (I,) in the order in which they are found, for example by popularity.

        """
        wanted = words.lower().split()
        found: list[int] = []
        for row in order:
            text = self._texts[row]
            if all(word in text for word in wanted):
                found.append(int(row))
                if len(found) == limit:
                    break
        return found

    def terms(self, row: int) -> set[str]:
        """Words of a title that tell something."""
        return {
            word for word in _WORD.findall((self.titles[row] or "").lower()) if len(word) > 2 and not word.isdigit()
        }
