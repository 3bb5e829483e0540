"""Memory that sums are made in."""

import threading

import numpy as np
from numpy.typing import NDArray

RoomArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.int32]]


class Room:
    """Memory that sums are made in, kept per thread: fresh pages for each user cost more than the sums.

    Args:
        width: Of the sums.
        other: A room of this width, used by turns: its zeros are this one's, too, and stay in the cache.

    """

    def __init__(self, width: int, other: "Room | None" = None) -> None:
        self._width, self._own = width, threading.local()
        self._zeros: threading.local = threading.local() if other is None else other._zeros

    @property
    def arrays(self) -> RoomArrays:
        """Two of zeros, one of which was seen (none), one to note down columns; whoever uses them clears them.

        There is place for one column more than there are. What is noted down stays until the next use of this room.
        """
        found: RoomArrays | None = getattr(self._own, "arrays", None)
        if found is None:
            width, zeros = self._width, getattr(self._zeros, "arrays", None)
            if zeros is None:
                zeros = np.zeros(width, np.float32), np.zeros(width, np.float32), np.zeros(width, np.bool_)
                self._zeros.arrays = zeros
            found = self._own.arrays = (*zeros, np.empty(width + 1, np.int32))
        return found

    @property
    def places(self) -> NDArray[np.int32]:
        """Zeros, one per column; whoever uses them clears them."""
        found = getattr(self._zeros, "places", None)
        if found is None:
            found = self._zeros.places = np.zeros(self._width, np.int32)
        return found
