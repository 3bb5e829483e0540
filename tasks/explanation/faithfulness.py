"""Whether explanations hold: taking away what is said to speak for an item has to make it less likely.

For the items a user is recommended, the support is taken away in the order of an explanation, the strongest first
(deletion), and added to none in the same order (insertion): Petsiuk, Das and Saenko 2018, "RISE", section 4. Where the
explanation is true the item falls sooner, and rises sooner, than in random order, let alone in the reversed one.

    from tasks.explanation import claims_of, explained_model, faithfulness
    explained = explained_model(model)            # or ExplainedHybrid(hybrid)
    faithfulness(claims_of(explained), posed, explained.top_k, explained.n_items)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import NO_ITEM, NewUsers, Posed, TopK
from tasks.explanation.claims import Claim
from tasks.explanation.curves import Told, curves_frame, differences_frame
from tasks.explanation.deletion import Kept, keep, orders_of, random_orders
from tasks.recommenders.ranking import blocks

_EQUAL = 1e-9
"""Weights whose spread is a smaller part of the largest than this are all alike: they give no order."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """What came out.

    Attributes:
        curves: One row per explanation, the score it is held against, number of shots, curve, order and share of the
            support taken away (deletion) or added (insertion). ``value`` is the mean over users of the log probability
            of the item beside that with the whole support, in nats.
        differences: Means over users, paired. For ``deletion`` and ``insertion`` the area between the curves, in nats
            by the share; for ``first`` how much more the item loses with the first item of the explanation. Above 0:
            the explanation does better than the order it is held ``against``. ``shots`` may be ``mean``.
            ``n_users`` had weights that give an order, of ``n_asked``.

    """

    curves: pl.DataFrame
    differences: pl.DataFrame


def faithfulness(
    claims: Sequence[Claim],
    posed: Sequence[Posed],
    top_k: Callable[[NewUsers, int], TopK],
    n_items: int,
    *,
    top: int = 3,
    draws: int = 5,
    most_users: int = 200,
    longest: int = 30,
    seed: int = 0,
    resamples: int = 2000,
) -> Faithfulness:
    """Hold explanations against scores.

    Args:
        claims: Explanations, and the scores they are held against: ``claims_of``.
        posed: The question at each number of shots; those below 2 are left out, as are users with fewer items than
            the others at that number; targets are not looked at.
        top_k: Recommends; the items that are explained.
        n_items: Size I of the catalogue.
        top: Items explained per user, at least 1; a user's figure is the mean over them.
        draws: Random orders per user, at least 1.
        most_users: Users per number of shots at most, by the order of their stable numbers.
        longest: Items of a support at most, where the number is open; longer ones are left out.
        seed: Seeds random orders, the order of equal weights, and resamples.
        resamples: Of the users, for 95 % intervals.

    """
    told = told_by_shots(
        claims, posed, top_k, n_items, top=top, draws=draws, most_users=most_users, longest=longest, seed=seed
    )
    return Faithfulness(curves_frame(claims, told, seed, resamples), differences_frame(claims, told, seed, resamples))


def told_by_shots(
    claims: Sequence[Claim],
    posed: Sequence[Posed],
    top_k: Callable[[NewUsers, int], TopK],
    n_items: int,
    *,
    top: int = 3,
    draws: int = 5,
    most_users: int = 200,
    longest: int = 30,
    seed: int = 0,
) -> dict[str, list[Told]]:
    """What the claims come to user by user, before any mean; see ``faithfulness``.

    Returns:
        One per claim, in the order of the claims, by number of shots.

    """
    told: dict[str, list[Told]] = {}
    for one in posed:
        if one.shots is not None and one.shots < 2:
            continue
        users = _some(one, most_users, longest)
        if len(users):
            name = one.shots_name.removeprefix("shots_")
            told[name] = _told(claims, users, top_k(users, top).ids, n_items, draws, seed)
    return told


def _some(posed: Posed, most: int, longest: int) -> NewUsers:
    lengths = posed.users.shots
    wanted = lengths == posed.shots if posed.shots is not None else (lengths >= 2) & (lengths <= longest)
    rows = np.flatnonzero(wanted)
    return posed.users.select(rows[np.argsort(posed.users.ids[rows], kind="stable")][:most])


def _told(
    claims: Sequence[Claim], users: NewUsers, listed: NDArray[np.int32], n_items: int, draws: int, seed: int
) -> list[Told]:
    """What each claim comes to, in the order of the claims; supports of one length at a time."""
    found = [Told() for _ in claims]
    for length in np.unique(users.shots):
        rows = np.flatnonzero(users.shots == length)
        row, place = np.nonzero(listed[rows] != NO_ITEM)
        # One row per user and recommended item from here on.
        cases, items = users.select(rows[row]), listed[rows][row, place].astype(np.int64)
        if not len(cases):
            continue
        weights: dict[str, Floats] = {}
        for claim in claims:
            if claim.explanation not in weights:
                weights[claim.explanation] = _weigh(claim, cases, items, n_items)
        chances = random_orders(cases, int(length), draws, seed)
        for scorer in dict.fromkeys(claim.scorer for claim in claims):
            own = [(claim, told) for claim, told in zip(claims, found, strict=True) if claim.scorer == scorer]
            orders = [orders_of(cases, weights[claim.explanation], seed) for claim, _ in own]
            kept = keep(own[0][0].score, cases, items, orders, chances, n_items)
            for (claim, told), one in zip(own, kept, strict=True):
                says = _gives_an_order(weights[claim.explanation].reshape(len(cases), -1))
                ids, mean = _by_user(cases.ids[says], one, says)
                told.ids.append(ids)
                told.kept.append(mean)
                told.asked.append(users.ids[rows])
    return found


def _weigh(claim: Claim, users: NewUsers, items: NDArray[np.integer], n_items: int) -> Floats:
    found = np.zeros(len(users.items))
    for block in blocks(len(users), n_items):
        entries = slice(users.rows.indptr[block.start], users.rows.indptr[block.stop])
        found[entries] = claim.weigh(users.select(np.arange(block.start, block.stop)), items[block])
    return found


def _gives_an_order(weights: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.ptp(weights, axis=1) > _EQUAL * np.maximum(np.abs(weights).max(axis=1), np.finfo(float).tiny))


def _by_user(ids: NDArray[np.uint64], kept: Kept, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.uint64], Kept]:
    """Means over each user's chosen items."""
    distinct, place = np.unique(ids, return_inverse=True)
    counts = np.maximum(np.bincount(place, minlength=len(distinct)), 1)[:, None]

    def mean(values: Floats) -> Floats:
        total = np.zeros((len(distinct), values.shape[1]))
        np.add.at(total, place, values[chosen])
        return total / counts

    return distinct, Kept(kept.shares, mean(kept.head), mean(kept.tail), mean(kept.chance))
