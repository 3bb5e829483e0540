"""Memory that sums are made in."""

import threading

import numpy as np
from numpy.typing import NDArray

RoomArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.int32]]


class Room:
    """Memory that sums are made in, kept per thread: fresh pages for each user cost more than the sums.

    Args:
        width: Of the sums.

    """

    def __init__(self, width: int) -> None:
        self._width, self._kept = width, threading.local()

    @property
    def arrays(self) -> RoomArrays:
        """Two of zeros, one of which was seen (none), one to note down columns; whoever uses them clears them.

        There is place for one column more than there are.
        """
        found = getattr(self._kept, "arrays", None)
        if found is None:
            width = self._width
            sums, others = np.zeros(width, np.float32), np.zeros(width, np.float32)
            found = self._kept.arrays = (sums, others, np.zeros(width, np.bool_), np.empty(width + 1, np.int32))
        return found

    @property
    def places(self) -> NDArray[np.int32]:
        """Zeros, one per column; whoever uses them clears them."""
        found = getattr(self._kept, "places", None)
        if found is None:
            found = self._kept.places = np.zeros(self._width, np.int32)
        return found
