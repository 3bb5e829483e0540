"""From posed questions and new users to what the networks take."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Episodes
from tasks.domain import NewUsers, Posed, UserFeatures
from tasks.features.time import gaps
from tasks.training.clock import Clock


def episodes_of(posed: Sequence[Posed], catalogue: Catalogue, clock: Clock) -> Episodes:
    """All numbers of shots of one question as episodes; a user is a group.

    Rows without a target are left out: there is nothing to learn from them.

    Args:
        posed: The question at each number of shots, posed to the same population.
        catalogue: Widths of the conditions.
        clock: How times become a calendar.

    Raises:
        ValueError: If no user has a target.

    """
    parts = []
    for question in posed:
        held = np.diff(question.targets.indptr) > 0
        positions = np.flatnonzero(held)
        if len(positions):
            targets = csr_array(question.targets[positions])
            users = question.users.select(positions)
            parts.append(conditions_of(users, catalogue, clock, targets, question.population[positions]))
    if not parts:
        raise ValueError("no user has a target: there are no episodes")
    return concatenate(parts)


def conditions_of(
    users: NewUsers,
    catalogue: Catalogue,
    clock: Clock,
    targets: csr_array | None = None,
    group: np.ndarray | None = None,
) -> Episodes:
    """Users as episodes, without targets unless some are given.

    Category codes the networks have never seen count as unknown (0). A catalogue without features of users is that of
    a network that looks at none.
    """
    sizes = catalogue.user_cardinalities
    looked_at = len(sizes) > 0 or catalogue.user_numbers > 0
    features = users.features if looked_at else UserFeatures.none(len(users))
    categories = features.categories
    if categories.shape[1] != len(sizes) or features.numbers.shape[1] != catalogue.user_numbers:
        raise ValueError(
            f"expected {len(sizes)} user categories and {catalogue.user_numbers} numbers, "
            f"got {categories.shape[1]} and {features.numbers.shape[1]}"
        )
    shift = np.zeros(len(users.items), dtype=np.float32)
    if users.times is not None and catalogue.calendar_width:
        shift = gaps(users.rows, users.times)
    now = users.now if catalogue.calendar_width else None
    if now is None and catalogue.calendar_width:
        season = np.zeros((len(users), catalogue.calendar_width), dtype=np.float32)  # no time is known: the centre
    else:
        season = clock.features(now, len(users))
    return Episodes(
        n_items=catalogue.n_items,
        support_indptr=users.rows.indptr,
        support_items=users.items,
        support_gaps=shift,
        support_weights=np.log(users.weights).astype(np.float32),
        shots=users.shots,
        categories=_known(categories, sizes),
        numbers=features.numbers,
        calendar=season,
        targets=_no_targets(len(users), catalogue.n_items) if targets is None else targets,
        group=_each_alone(len(users)) if group is None else group.astype(np.int64),
    )


def _known(categories: NDArray[np.int32], sizes: tuple[int, ...]) -> NDArray[np.int64]:
    """Codes (U, F), 0 where a column has no such code."""
    if len(categories) == 1:  # a tenth of what the passes below take, for one who asks now
        codes = categories[0].tolist()
        return np.array([[code if 0 <= code < size else 0 for code, size in zip(codes, sizes, strict=True)]], np.int64)
    return np.where((categories < np.array(sizes)) & (categories >= 0), categories, 0).astype(np.int64)


@lru_cache(maxsize=64)
def _each_alone(users: int) -> NDArray[np.int64]:
    """Groups of one user each; to be read only."""
    return np.arange(users, dtype=np.int64)


@lru_cache(maxsize=64)
def _no_targets(users: int, items: int) -> csr_array:
    """Nobody's targets, (users, items); to be read only."""
    return csr_array((users, items), dtype=np.float32)


def concatenate(parts: Sequence[Episodes]) -> Episodes:
    """Episodes one after the other."""
    lengths = np.concatenate([np.diff(part.support_indptr) for part in parts])
    return Episodes(
        n_items=parts[0].n_items,
        support_indptr=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]),
        support_items=np.concatenate([part.support_items for part in parts]),
        support_gaps=np.concatenate([part.support_gaps for part in parts]),
        support_weights=np.concatenate([part.support_weights for part in parts]),
        shots=np.concatenate([part.shots for part in parts]),
        categories=np.concatenate([part.categories for part in parts]),
        numbers=np.concatenate([part.numbers for part in parts]),
        calendar=np.concatenate([part.calendar for part in parts]),
        targets=csr_array(vstack([part.targets for part in parts], format="csr")),
        group=np.concatenate([part.group for part in parts]),
    )
