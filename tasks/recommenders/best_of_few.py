"""The largest entries of a few rows, in one pass each: most entries are smaller than the least of the best so far."""

from typing import Any

import numpy as np

from tasks.compiled import njit

_compiled: Any = njit(cache=True, nogil=True)


@_compiled
def best_of_few(scores: Any, values: Any, order: Any) -> None:
    """Write the largest entries of each row, falling, and their columns; of equal ones the first.

    Args:
        scores: float32 (B, I); a nan anywhere comes first.
        values: float32 (B, k), written, k at most I.
        order: int64 (B, k), written.

    """
    most = values.shape[1]
    for row in range(len(scores)):
        own, best, places = scores[row], values[row], order[row]
        size = 0
        least = np.float32(-np.inf)
        for column in range(len(own)):
            value = own[column]
            if size == most and value <= least:
                continue
            if np.isnan(value):
                best[0], places[0] = value, column
                break
            at = size if size < most else most - 1
            while at > 0 and best[at - 1] < value:
                best[at], places[at] = best[at - 1], places[at - 1]
                at -= 1
            best[at], places[at] = value, column
            size = min(size + 1, most)
            least = best[most - 1] if size == most else least
