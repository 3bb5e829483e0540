"""The order of equal scores: seeded by user and item, so that it depends on neither file order nor block size."""

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_CACHED_CELLS = 2**17
"""Scores per chunk of tied rows: where everything is tied, the keys of a chunk still fit the cache."""


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finaliser of splitmix64 (Steele, Lea and Flood 2014): every input bit reaches every output bit."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def user_salts(ids: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """One random word per user, uint64 (B,)."""
    start = _mix(np.array([seed], dtype=np.uint64) + _GOLDEN)
    return _mix(ids.astype(np.uint64) * _GOLDEN ^ start)


def tie_keys(salts: NDArray[np.uint64], items: NDArray[np.integer]) -> NDArray[np.int64]:
    """Random keys ≥ 0 of (user, item) pairs; higher comes first. Arguments broadcast."""
    return (_mix(salts + items.astype(np.uint64) * _GOLDEN) >> np.uint64(1)).astype(np.int64)


def settle_boundary(
    scores: NDArray[np.float32],
    values: NDArray[np.float32],
    order: NDArray[np.int64],
    k: int,
    salts: NDArray[np.uint64],
) -> NDArray[np.int32]:
    """Redraw the last places of lists whose end cuts through a tie: all tied items have the same chance.

    Args:
        scores: (B, I), masked.
        values: (B, k + 1) or (B, I), the best scores, falling.
        order: Their items, the same shape.
        k: Length of the lists.
        salts: uint64 (B,).

    Returns:
        int32 (B, k), the items of the lists.

    """
    ids = order[:, :k].astype(np.int32)
    if values.shape[1] <= k:
        return ids
    rows = np.flatnonzero((values[:, k - 1] == values[:, k]) & (values[:, k] > -np.inf))
    place = np.arange(k)
    step = max(1, _CACHED_CELLS // scores.shape[1])
    for chunk in (rows[start : start + step] for start in range(0, len(rows), step)):
        edge = values[chunk, k]
        above = (values[chunk, :k] > edge[:, None]).sum(axis=1)
        row, item = np.nonzero(scores[chunk] == edge[:, None])
        drawn = _draw(row, item, tie_keys(salts[chunk[row]], item), len(chunk), k)
        tied = np.take_along_axis(drawn, np.clip(place - above[:, None], 0, drawn.shape[1] - 1), axis=1)
        ids[chunk] = np.where(place < above[:, None], ids[chunk], tied)
    return ids


def _draw(
    row: NDArray[np.intp], item: NDArray[np.intp], keys: NDArray[np.int64], rows: int, k: int
) -> NDArray[np.intp]:
    """Per row the items of its largest keys, falling: (rows, at most k).

    Every row has more tied items than places to fill, so what pads the shorter rows is never looked at.
    """
    import torch

    counts = np.bincount(row, minlength=rows)
    starts = np.cumsum(counts) - counts
    padded = np.full((rows, counts.max()), -1, dtype=np.int64)
    padded[row, np.arange(len(row)) - starts[row]] = keys
    order = torch.topk(torch.from_numpy(padded), min(k, padded.shape[1]), dim=1).indices.numpy()
    return item[np.minimum(starts[:, None] + order, len(item) - 1)]


def settle_within(values: NDArray[np.float32], ids: NDArray[np.int32], salts: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Order equal scores inside the lists by their keys; (B, k) in and out."""
    rows = np.flatnonzero((values[:, 1:] == values[:, :-1]).any(axis=1))
    if len(rows):
        keys = tie_keys(salts[rows, None], ids[rows])
        order = np.lexsort((-keys, -values[rows]), axis=-1)
        ids[rows] = np.take_along_axis(ids[rows], order, axis=1)
    return ids
