"""Some new users for the report: what is known of them, what is made up, what is recommended, what they took."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.augmentation.generator import ProfileGenerator
from tasks.config import RunConfig
from tasks.domain import NO_ITEM, Evidence, LogRoles, NewUsers, Population, Posed, VirtualBehaviour
from tasks.evaluation.methods import Ranker
from tasks.evaluation.zero_shots import PopularityAtZeroShots
from tasks.features.identity import as_text
from tasks.inspection.gains import short_number
from tasks.recommenders import FittedRecommender
from tasks.reporting.report.content import Example, Facts, Recommended
from tasks.stages.fit import Fitted, completion

EXAMPLES = 10
LISTED = 10
"""Items per list."""
SHOWN_VIRTUAL = 8
"""Virtual items shown per user; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Methods:
    """What the examples compare.

    Attributes:
        config: The run's configuration.
        with_virtual: The recommender on real + virtual behaviour.
        without: The same on real behaviour.
        generator: Makes up profiles.

    """

    config: RunConfig
    with_virtual: Ranker
    without: Ranker
    generator: ProfileGenerator

    @classmethod
    def of(
        cls, config: RunConfig, fitted: Fitted, augmented: FittedRecommender, generator: ProfileGenerator
    ) -> "Methods":
        """Those of the evaluation fit; popularity answers for users without behaviour, as in the measurement."""
        popularity = fitted.baselines[fitted.popularity]
        with_virtual = PopularityAtZeroShots(augmented, popularity)
        return cls(config, with_virtual, PopularityAtZeroShots(fitted.recommender, popularity), generator)


def examples_of(
    methods: Methods, posed: Sequence[Posed], population: Population, roles: LogRoles, titles: Sequence[str]
) -> tuple[Example, ...]:
    """Some users, a few at each number of shots; chosen by a hash of their ids, never by how well they are served.

    Args:
        methods: What is compared.
        posed: The question at each number of shots.
        population: The users it was posed to.
        roles: Which columns hold features of users.
        titles: I titles of the catalogue.

    """
    chosen = choose(posed, EXAMPLES)
    examples = []
    for one, rows in zip(posed, chosen, strict=True):
        if not len(rows):
            continue
        users = one.users.select(rows)
        virtual = completion(methods.config, methods.generator)(users)
        seed = methods.config.seed
        k = min(LISTED, len(titles))
        ours = methods.with_virtual.top_k(users.with_virtual(virtual), k, seed=seed)
        without = methods.without.top_k(users, k, seed=seed)
        for place, row in enumerate(rows):
            targets = set(one.targets.indices[one.targets.indptr[row] : one.targets.indptr[row + 1]].tolist())
            listed = [
                tuple(
                    Recommended(titles[item], Evidence(kind).name.lower(), item in targets)
                    for item, kind in zip(lists.ids[place].tolist(), lists.evidence[place].tolist(), strict=True)
                    if item != NO_ITEM
                )
                for lists in (ours, without)
            ]
            made_up = _virtual_items(virtual, place, titles)
            examples.append(
                Example(
                    shots=one.shots_name.removeprefix("shots_"),
                    known=_features(population, int(one.population[row]), roles),
                    support=tuple(titles[item] for item in _support(users, place)),
                    virtual=made_up[:SHOWN_VIRTUAL],
                    more_virtual=len(made_up[SHOWN_VIRTUAL:]),
                    with_virtual=listed[0],
                    without=listed[1],
                    targets=len(targets),
                )
            )
    return tuple(examples)


def choose(posed: Sequence[Posed], count: int) -> list[NDArray[np.int64]]:
    """Rows of each posed question, int64, for distinct users with targets who have all the shots.

    Numbers of shots take turns until there are ``count`` users, or no more.
    """
    waiting = []
    for one in posed:
        held = np.diff(one.targets.indptr) > 0
        if one.shots is not None:
            held &= one.users.shots == one.shots
        rows = np.flatnonzero(held)
        waiting.append(rows[np.argsort(one.users.ids[rows], kind="stable")].tolist())
    chosen: list[list[int]] = [[] for _ in posed]
    used: set[int] = set()
    while any(waiting) and len(used) < count:
        for one, rows, own in zip(posed, waiting, chosen, strict=True):
            while rows and len(used) < count:
                row = rows.pop(0)
                user = int(one.users.ids[row])
                if user not in used:
                    used.add(user)
                    own.append(row)
                    break
    return [np.array(own, dtype=np.int64) for own in chosen]


def _support(users: NewUsers, place: int) -> list[int]:
    return users.items[users.rows.indptr[place] : users.rows.indptr[place + 1]].tolist()


def _virtual_items(
    virtual: VirtualBehaviour | None, place: int, titles: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    """Titles and weights of a user's virtual items, likeliest first."""
    if virtual is None:
        return ()
    own = slice(virtual.matrix.indptr[place], virtual.matrix.indptr[place + 1])
    items, weights = virtual.matrix.indices[own], virtual.matrix.data[own]
    order = np.argsort(-weights, kind="stable")
    return tuple((titles[item], float(weight)) for item, weight in zip(items[order], weights[order], strict=True))


def _features(population: Population, row: int, roles: LogRoles) -> Facts:
    """What the shop knows of a user besides events; ids stay out."""
    frame = population.users
    columns = [name for name in (*roles.user_categories, *roles.user_numbers) if name in frame.columns]
    values = ((name, _value(frame.get_column(name)[row : row + 1])) for name in columns)
    return tuple((name, value) for name, value in values if value is not None)


def _value(one: pl.Series) -> str | None:
    if one.dtype.is_float() and one.is_finite().all():
        return short_number(float(one[0]))
    return as_text(one)[0]
