"""Questions posed to new users: what is shown, what is to be found."""

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import OUTSIDE, Column, Histories, NewUsers, Posed, Ragged, UserFeatures, Warm
from tasks.splitting.definitions import MASKS, check_question, shots_of
from tasks.splitting.ties import id_hashes


def pose(
    question: str,
    histories: Histories,
    features: UserFeatures,
    *,
    n_items: int,
    shots: int | None,
    ids: NDArray[np.uint64],
    max_shots: int | None = None,
    repeats: bool = False,
) -> Posed:
    """Pose a question to users at one number of shots.

    Shots are counted over all items of a history; those outside the catalogue are then dropped and counted.

    Args:
        question: ``next_visits`` (first items of the first visit → items first touched later), ``this_visit`` (→ the
            rest of that visit) or ``rest`` (first items → those after the first ``max_shots``).
        histories: U users.
        features: Encoded side features of these users, U rows.
        n_items: Size I of the catalogue.
        shots: Number of items shown; None for all of the first visit.
        ids: uint64 (U,), see ``user_ids``.
        max_shots: For ``rest``, see ``rest_shots``.
        repeats: Whether to hand on which support items come again in later visits.

    Returns:
        The question for the users it applies to; positions in ``population`` count in ``histories``.

    Raises:
        ConfigError: The question does not exist, or not at this number of shots.

    """
    check_question(question)
    chosen, shown, asked = MASKS[question](histories, shots, max_shots)
    population = np.flatnonzero(chosen)
    entries = histories.rows.entries_of(population)
    shown, asked = shown[entries], asked[entries]
    histories = histories.select(population)
    inside, row, users = histories.items != OUTSIDE, histories.rows.row_of_entry, len(population)
    supported = shown & inside
    weights = histories.weights
    # The first visit is over when later ones are asked for; else it goes on, and nobody knows what follows a touch.
    if question != "next_visits" and histories.opening_weights is not None:
        weights = histories.opening_weights
    supports = NewUsers(
        rows=Ragged.from_lengths(np.bincount(row[supported], minlength=users)),
        items=histories.items[supported],
        times=None if histories.times is None else histories.times[supported],
        weights=weights[supported],
        features=features.select(population),
        now=None if histories.times is None else histories.times[histories.rows.indptr[:-1]],
        ids=ids[population],
    )
    return Posed(
        question=question,
        shots=shots,
        population=population,
        users=supports,
        targets=_matrix(row[asked & inside], histories.items[asked & inside], (users, n_items)),
        outside_targets=np.bincount(row[asked & ~inside], minlength=users),
        outside_support=np.bincount(row[shown & ~inside], minlength=users),
        repeats=_repeats(histories, supports, n_items) if repeats else None,
    )


def pose_all(
    question: str,
    histories: Histories,
    features: UserFeatures,
    *,
    n_items: int,
    ids: NDArray[np.uint64],
    max_shots: int | None = None,
    repeats: bool = False,
) -> tuple[Posed, ...]:
    """Pose a question at each of its numbers of shots, fewest first, ``all`` last; see ``pose``."""
    return tuple(
        pose(question, histories, features, n_items=n_items, shots=shots, ids=ids, max_shots=max_shots, repeats=repeats)
        for shots in shots_of(question, max_shots)
    )


def pose_episodes(
    question: str, warm: Warm, features: UserFeatures, *, max_shots: int | None = None
) -> tuple[Posed, ...]:
    """Pose a question to the warm users whose first visit is known: what generators and recommenders train on.

    Args:
        question: See ``pose``.
        warm: The warm users.
        features: Their encoded side features, U rows.
        max_shots: For ``rest``: as for the test users.

    Returns:
        One entry per number of shots; positions in ``population`` count in ``warm``.

    """
    givers = np.flatnonzero(warm.gives_episodes)
    histories = (warm.histories if warm.as_new is None else warm.as_new).select(givers)
    posed = pose_all(
        question,
        histories,
        features.select(givers),
        n_items=warm.n_items,
        ids=user_ids(warm.users)[givers],
        max_shots=max_shots,
    )
    return tuple(replace(at_shots, population=givers[at_shots.population]) for at_shots in posed)


def user_ids(users: pl.DataFrame) -> NDArray[np.uint64]:
    """A stable number per user from the raw id, uint64 (U,), for ties and noise."""
    return id_hashes(users[Column.USER_ID])


def _matrix(rows: NDArray[np.int64], items: NDArray[np.int32], shape: tuple[int, int]) -> csr_array:
    matrix = csr_array((np.ones(len(rows), dtype=np.float32), (rows, items)), shape=shape)
    matrix.sort_indices()
    return matrix


def _repeats(histories: Histories, supports: NewUsers, n_items: int) -> csr_array:
    shape = (histories.rows.rows, n_items)
    again = _matrix(histories.repeat_rows.row_of_entry, histories.repeat_items, shape)
    shown = _matrix(supports.rows.row_of_entry, supports.items, shape)
    repeats = csr_array(again.multiply(shown))
    repeats.sort_indices()
    return repeats
