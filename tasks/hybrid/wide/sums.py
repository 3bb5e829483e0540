"""What filters say of one user, by kind of evidence, in memory that each thread uses again."""

import threading
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.hybrid.online.filters import Columns


@dataclass(slots=True, eq=False)
class Sums:
    """Sums for one user.

    Attributes:
        by_kind: float32 (K, I), one row per kind of evidence.
        columns: Items in which they are not 0, filter after filter; of those that speak of few.
        are_everywhere: Whether a filter speaks of many items, so that ``columns`` does not tell all.

    """

    by_kind: NDArray[np.float32]
    columns: list[NDArray[np.int32]] = field(default_factory=list)
    are_everywhere: bool = False

    def note(self, columns: Columns) -> None:
        """Where a filter has added something."""
        if columns is None:
            self.are_everywhere = True
        else:
            self.columns.append(columns)

    def __enter__(self) -> "Sums":
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        """Back to zeros."""
        if self.are_everywhere or failure is not None:  # whoever failed has not told where it wrote
            self.by_kind[:] = 0
        else:
            for columns in self.columns:
                self.by_kind[:, columns] = 0


class SumsRoom:
    """Zeros to begin with; fresh pages for each user cost more than the sums.

    Args:
        kinds: K, of evidence.
        n_items: Size I of the catalogue.

    """

    def __init__(self, kinds: int, n_items: int) -> None:
        self._shape, self._kept = (kinds, n_items), threading.local()

    def sums(self) -> Sums:
        """Sums of one user, at a time, per thread; zeros again after a ``with`` block."""
        by_kind = getattr(self._kept, "by_kind", None)
        if by_kind is None:
            by_kind = self._kept.by_kind = np.zeros(self._shape, dtype=np.float32)
        return Sums(by_kind)
