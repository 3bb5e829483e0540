"""What forms of popularity add up to for a user: it depends on no more than the number of events and the class."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers
from tasks.hybrid.gate import MANY
from tasks.hybrid.sources import PriorSource, SegmentSource, Source

T = TypeVar("T")


class KeptPopularity(Generic[T]):
    """Weighted sums of popularity, each computed once.

    Args:
        sources: Scores of a hybrid by their numbers; those that are no popularity are left out.
        n_items: Size I of the catalogue.
        most_bytes: Of the sums that are kept.
        make: What is made of a sum, float32 (I,), and kept.

    """

    def __init__(
        self, sources: Sequence[Source], n_items: int, most_bytes: int, make: Callable[[NDArray[np.float32]], T]
    ) -> None:
        self.numbers = [number for number, one in enumerate(sources) if isinstance(one, PriorSource | SegmentSource)]
        self._sources, self._n_items, self._make = sources, n_items, make
        self._most = max(1, most_bytes // (4 * n_items))
        self._kept: OrderedDict[tuple[int, bytes], T] = OrderedDict()

    def of(self, users: NewUsers, row: int, weights: NDArray[np.float32]) -> T:
        """The sum for one of B users.

        Args:
            users: The users.
            row: Which of them.
            weights: float32 (M,), what the gate gives for their number of events.

        """
        key = (min(int(users.shots[row]), MANY), users.features.categories[row].tobytes())
        kept = self._kept.get(key)
        if kept is None:
            one, total = users.select(np.array([row])), np.zeros((1, self._n_items), dtype=np.float32)
            for number in self.numbers:
                if weights[number] > 0:
                    self._sources[number].add(one, weights[[number]], total)
            kept = self._kept[key] = self._make(total[0])
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept
