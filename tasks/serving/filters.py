"""Which items a list may hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.serving.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Filters:
    """What a caller leaves out or wants; ids that the model does not know change nothing.

    Attributes:
        exclude_items: Never listed.
        stock: Pieces left by item; an item with none left is not listed, one that is not named is.
        allow_items: The only items that may be listed; None for all.
        allow_categories: Only items of one of these classes; None for all.

    """

    exclude_items: Sequence[str] = ()
    stock: Mapping[str, float] = field(default_factory=dict)
    allow_items: Sequence[str] | None = None
    allow_categories: Sequence[str] | None = None

    def __bool__(self) -> bool:
        allowed = self.allow_items is not None or self.allow_categories is not None
        return bool(self.exclude_items) or bool(self.stock) or allowed


def masks(
    filters: Filters, catalogue: Catalogue, rows: Mapping[str, int]
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """The filters as ``exclude`` and ``allow``, bool (I,), None where they say nothing.

    Args:
        filters: What is asked.
        catalogue: The I items.
        rows: Row by id.

    """
    exclude = allow = None
    gone = [item for item, left in filters.stock.items() if left <= 0]
    if filters.exclude_items or gone:
        exclude = _marked(len(catalogue), rows, [*filters.exclude_items, *gone])
    if filters.allow_items is not None:
        allow = _marked(len(catalogue), rows, filters.allow_items)
    if filters.allow_categories is not None:
        of_class = np.zeros(len(catalogue), dtype=np.bool_)
        for category in filters.allow_categories:
            of_class[catalogue.rows_by_category.get(category, [])] = True
        allow = of_class if allow is None else allow & of_class
    return exclude, allow


def _marked(items: int, rows: Mapping[str, int], ids: Sequence[str]) -> NDArray[np.bool_]:
    marked = np.zeros(items, dtype=np.bool_)
    marked[[rows[item] for item in ids if item in rows]] = True
    return marked
