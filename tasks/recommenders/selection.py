"""The largest entries of each row of a block, exactly and fast."""

import math

import numpy as np
from numpy.typing import NDArray

from tasks.recommenders.best_of_few import best_of_few

_FEW_ROWS, _FEW_PLACES = 32, 128
"""Up to these, inserting one after the other takes less than the calls into torch."""
_WORTHWHILE = 64
"""Below this many columns per place in the list, one pass of ``torch.topk`` is as fast."""


def largest(scores: NDArray[np.float32], values: NDArray[np.float32], order: NDArray[np.int64]) -> None:
    """Write the largest entries of each row, falling, and their columns.

    Wide rows are cut into strips first. The best of each strip takes one pass at the speed of memory; every
    entry among the k best lies in one of the k strips with the best bests, so only those are sorted. This is
    exact, and takes a third of the time of sorting whole rows.

    Args:
        scores: (B, I); -inf marks what must not be chosen, nan counts as largest.
        values: (B, k), written, k at most I.
        order: int64 (B, k), written.

    """
    import torch

    rows, columns = scores.shape
    k = values.shape[1]
    if rows <= _FEW_ROWS and k <= _FEW_PLACES:
        best_of_few(scores, values, order)
        return
    all_scores, into = torch.from_numpy(scores), (torch.from_numpy(values), torch.from_numpy(order))
    if columns < _WORTHWHILE * k:
        torch.topk(all_scores, k, dim=1, out=into)
        return
    depth = math.isqrt(columns // k)
    strips = columns // depth
    # Strip s holds columns s, s + strips, s + 2 strips …: the maximum runs along memory. A rest of fewer than
    # ``depth`` columns is always looked at.
    bests = torch.amax(all_scores[:, : strips * depth].reshape(rows, depth, strips), dim=1)
    chosen = torch.topk(bests, k, dim=1, sorted=False).indices
    held = (chosen[:, None] + strips * torch.arange(depth)[:, None]).reshape(rows, depth * k)
    rest = torch.arange(strips * depth, columns).expand(rows, -1)
    candidates = torch.cat([held, rest], dim=1)
    torch.topk(torch.gather(all_scores, 1, candidates), k, dim=1, out=into)
    into[1].copy_(torch.gather(candidates, 1, into[1]))
