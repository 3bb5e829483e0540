"""What a gate learns from: the best items of every score, and which of them users took."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Posed
from tasks.hybrid.gate import Choices
from tasks.hybrid.sources import Source, score_of

_BLOCK_USERS = 64
"""Fewer than where lists are made: all scores of a block are dense at once."""


def choices_of(sources: Sequence[Source], posed: Posed, fold: NDArray[np.uint8], depth: int) -> Choices:
    """Candidates of users: the ``depth`` best items of each score, support left out.

    Users none of whose targets is a candidate teach nothing and are left out; targets that no score brings up are
    not added, or being brought up would itself speak against an item.

    Args:
        sources: M scores.
        posed: The question at one number of shots.
        fold: uint8 (U,), carried along.
        depth: Items per score, at least 1.

    """
    asked = np.flatnonzero(np.diff(posed.targets.indptr) > 0)
    parts = []
    for start in range(0, len(asked), _BLOCK_USERS):
        rows = asked[start : start + _BLOCK_USERS]
        parts.append(_block(sources, posed, rows, fold, depth))
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        empty = np.zeros((0, len(sources)), dtype=np.float32)
        return Choices(
            empty, np.zeros(1, dtype=np.int64), np.zeros(0), nothing, nothing, nothing, nothing.astype(np.uint8)
        )
    return Choices.joined(parts)


def _block(
    sources: Sequence[Source], posed: Posed, rows: NDArray[np.intp], fold: NDArray[np.uint8], depth: int
) -> Choices:
    import torch

    users, n_items = posed.users.select(rows), posed.targets.shape[1]
    scores = [score_of(source, users, n_items) for source in sources]
    chosen = np.zeros((len(users), n_items), dtype=np.bool_)
    support = (users.rows.row_of_entry, users.items)
    for one in scores:
        shown = one.copy()
        shown[support] = -np.inf
        best = torch.topk(torch.from_numpy(shown), min(depth, n_items), dim=1).indices.numpy()
        np.put_along_axis(chosen, best, True, axis=1)
    chosen[support] = False
    row, item = np.nonzero(chosen)
    taken = (posed.targets[rows].toarray()[row, item] > 0).astype(np.float64)
    total = np.bincount(row, weights=taken, minlength=len(users))
    useful = total > 0
    kept = useful[row]
    row, item = row[kept], item[kept]
    lengths = np.bincount(row, minlength=len(users))[useful]
    return Choices(
        scores=np.stack([one[row, item] for one in scores], axis=1),
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        taken=taken[kept] / total[row],
        user=posed.population[rows][useful],
        shots=users.shots[useful],
        targets=np.diff(posed.targets.indptr)[rows][useful].astype(np.int64),
        fold=fold[rows][useful],
    )
