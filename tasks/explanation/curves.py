"""Curves and paired differences of explanations as tidy frames, with 95 % intervals over users."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.evaluation.bootstrap import interval
from tasks.evaluation.evaluation import MEAN
from tasks.evaluation.statistics import known_mean, resampled_means
from tasks.explanation.claims import Claim
from tasks.explanation.deletion import Floats, Kept

EXPLANATION, RANDOM, REVERSED = "explanation", "random", "reversed"
"""Orders."""
ORDERS = (EXPLANATION, RANDOM, REVERSED)
DELETION, INSERTION, FIRST = "deletion", "insertion", "first"
"""Curves; ``first`` is the first step of deletion alone."""
CURVES_SHOWN = (DELETION, INSERTION)
CURVES = {
    "explanation": pl.String,
    "scorer": pl.String,
    "shots": pl.String,
    "curve": pl.String,
    "order": pl.String,
    "share": pl.Float64,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n_users": pl.Int64,
}
DIFFERENCES = {
    "explanation": pl.String,
    "scorer": pl.String,
    "shots": pl.String,
    "curve": pl.String,
    "against": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n_users": pl.Int64,
    "n_asked": pl.Int64,
}
_GRID = np.linspace(0, 1, 11)
"""Shares at which curves of supports of several lengths are read."""


@dataclass(slots=True)
class Told:
    """What one claim came to at one number of shots.

    Attributes:
        ids: uint64 (U,), of the users it gives an order for.
        kept: By distinct length of support, one after the other.
        asked: uint64, of all users.

    """

    ids: list[NDArray[np.uint64]] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    asked: list[NDArray[np.uint64]] = field(default_factory=list)


ToldByShots = Mapping[str, Sequence[Told]]
"""One per claim, in the order of the claims, by number of shots."""


def curves_frame(claims: Sequence[Claim], told: ToldByShots, seed: int, resamples: int) -> pl.DataFrame:
    """Means over users at each share of the support taken away or added."""
    rows = [
        row
        for shots, found in told.items()
        for claim, one in zip(claims, found, strict=True)
        for row in _curves(claim, shots, one, seed, resamples)
    ]
    return pl.DataFrame(rows, schema=CURVES, orient="row")


def differences_frame(claims: Sequence[Claim], told: ToldByShots, seed: int, resamples: int) -> pl.DataFrame:
    """How much better explanations do than other orders, by number of shots and over all of them."""
    rows = [
        row
        for place, claim in enumerate(claims)
        for row in _differences(claim, {shots: found[place] for shots, found in told.items()}, seed, resamples)
    ]
    return pl.DataFrame(rows, schema=DIFFERENCES, orient="row")


def _curves(claim: Claim, shots: str, told: Told, seed: int, resamples: int) -> Iterator[tuple[object, ...]]:
    lengths = [one for one in told.kept if len(one.head)]
    if not lengths:
        return
    shares = lengths[0].shares if len(lengths) == 1 else _GRID
    # By share kept, none to all: (U, K) each.
    head, tail, chance = (
        np.concatenate([_read(getattr(one, name), one.shares, shares) for one in lengths])
        for name in ("head", "tail", "chance")
    )
    curves = {
        (DELETION, EXPLANATION): tail[:, ::-1],
        (DELETION, RANDOM): chance[:, ::-1],
        (DELETION, REVERSED): head[:, ::-1],
        (INSERTION, EXPLANATION): head,
        (INSERTION, RANDOM): chance,
        (INSERTION, REVERSED): tail,
    }
    together = np.concatenate(list(curves.values()), axis=1)
    low, high = interval(resampled_means(together, resamples, seed))
    cells = np.stack([known_mean(together.T), low, high], axis=1).reshape(len(curves), -1, 3)
    for (curve, order), values in zip(curves, cells, strict=True):
        taken = 1 - shares[::-1] if curve == DELETION else shares
        for share, cell in zip(taken.tolist(), values.tolist(), strict=True):
            yield (claim.explanation, claim.scorer, shots, curve, order, share, *cell, len(head))


def _read(values: Floats, shares: Floats, at: Floats) -> Floats:
    """Curves (U, K) of one grid of shares at another, linear in between."""
    if len(shares) == len(at) and np.allclose(shares, at):
        return values
    right = np.clip(np.searchsorted(shares, at), 1, len(shares) - 1)
    part = (at - shares[right - 1]) / (shares[right] - shares[right - 1])
    return values[:, right - 1] * (1 - part) + values[:, right] * part


def apart_by_user(by_shots: Mapping[str, Told]) -> tuple[NDArray[np.uint64], dict[tuple[str, str], Floats]]:
    """How much better one explanation does than other orders, user by user.

    Args:
        by_shots: What it came to at each of S numbers of shots.

    Returns:
        Stable numbers of the U users whom it gives an order for, ascending, and float64 (U, S) by curve and what it is
        held against, as ``Faithfulness.differences`` has them; ``nan`` where a user was not asked.

    """
    every = np.unique([user for one in by_shots.values() for ids in one.ids for user in ids]).astype(np.uint64)
    wide: dict[tuple[str, str], Floats] = {}
    for column, one in enumerate(by_shots.values()):
        for ids, kept in zip(one.ids, one.kept, strict=True):
            for name, values in _apart(kept).items():
                wide.setdefault(name, np.full((len(every), len(by_shots)), np.nan))
                wide[name][np.searchsorted(every, ids), column] = values
    return every, wide


def _differences(claim: Claim, by_shots: Mapping[str, Told], seed: int, resamples: int) -> Iterator[tuple[object, ...]]:
    every, wide = apart_by_user(by_shots)
    if not len(every):
        return
    drawn = resampled_means(np.hstack(list(wide.values())), resamples, seed).reshape(resamples, len(wide), -1)
    asked = [sum(map(len, one.asked)) for one in by_shots.values()]
    of_all = len({int(user) for one in by_shots.values() for ids in one.asked for user in ids})
    for place, ((curve, against), values) in enumerate(wide.items()):
        means, own = known_mean(values.T), drawn[:, place]
        low, high = interval(np.column_stack([own, known_mean(own)]))
        users = [*(~np.isnan(values)).sum(axis=0).tolist(), len(every)]
        columns = ([*by_shots, MEAN], [*means, known_mean(means)], low, high, users, [*asked, of_all])
        for shots, value, *bounds, count, of in zip(*columns, strict=True):
            if np.isfinite(value):
                told = (claim.explanation, claim.scorer, shots, curve, against)
                yield (*told, float(value), *map(float, bounds), count, of)


def _apart(kept: Kept) -> dict[tuple[str, str], Floats]:
    """By curve and what the explanation is held against: how much better it does, (U,)."""
    head, tail, chance = (_area(values, kept.shares) for values in (kept.head, kept.tail, kept.chance))
    return {
        (DELETION, RANDOM): chance - tail,
        (DELETION, REVERSED): head - tail,
        (INSERTION, RANDOM): head - chance,
        (INSERTION, REVERSED): head - tail,
        (FIRST, RANDOM): kept.chance[:, -2] - kept.tail[:, -2],
        (FIRST, REVERSED): kept.head[:, -2] - kept.tail[:, -2],
    }


def _area(values: Floats, shares: Floats) -> Floats:
    return np.asarray(np.trapezoid(values, shares, axis=1))
