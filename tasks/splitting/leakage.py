"""Assertions of the pipeline itself: nothing of a new user, and nothing of the future, reaches a fit."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Histories, Posed, Provenance
from tasks.errors import LeakageError
from tasks.splitting.parts import Split
from tasks.splitting.questions import user_ids


def check_split(split: Split) -> None:
    """The parts share no user, and each keeps to its time.

    Raises:
        LeakageError: Naming the part.

    """
    parts = {"warm": split.warm.histories, "validation": split.validation.histories, "test": split.test.histories}
    users = np.concatenate([part.users for part in parts.values()])
    if len(np.unique(users)) != len(users):
        raise LeakageError(f"{len(users) - len(np.unique(users))} users stand in two parts of the split, expected none")
    first, second, end = split.cuts.warm_until, split.cuts.validation_until, split.cuts.log_end
    bounds = {"warm": (None, first), "validation": (first, second), "test": (second, end)}
    for name, part in parts.items():
        _check_times(f"{name} users", part, *bounds[name])
    if split.warm.as_new is not None:
        if not np.array_equal(split.warm.as_new.users, split.warm.histories.users):
            raise LeakageError("episodes are of other users than the warm ones")
        _check_times("episodes", split.warm.as_new, None, first if first is not None else end)


def check_rows(artefact: str, users: NDArray[np.integer], times: NDArray[np.int64] | None, split: Split) -> None:
    """Rows that an artefact of the evaluation fit saw are of warm users, before the first cut.

    Args:
        artefact: Name for the message.
        users: Rows of ``EventLog.users``, any order, repeats allowed.
        times: int64, microseconds since 1970-01-01 UTC; None without times.
        split: The split.

    Raises:
        LeakageError: Naming the artefact.

    """
    strangers = np.setdiff1d(users, split.warm.histories.users)
    if len(strangers):
        raise LeakageError(
            f"{artefact} saw {len(strangers)} users that are not warm, expected none: a defect, report it"
        )
    _check_newest(artefact, None if times is None or len(times) == 0 else int(times.max()), split)


def check_provenance(records: Iterable[Provenance], split: Split, episodes: Sequence[Posed] = ()) -> None:
    """Each artefact of the evaluation fit saw the warm users, or those that pose its episodes, before the first cut.

    Args:
        records: What the artefacts recorded.
        split: The split.
        episodes: The question posed to warm users; their populations, one by one and together, are allowed too.

    Raises:
        LeakageError: Naming the artefact.

    """
    warm = split.warm.histories.users
    populations = [warm[posed.population] for posed in episodes]
    allowed = [warm, warm[split.warm.gives_episodes], warm[:0], *populations]
    if populations:
        allowed.append(np.concatenate(populations))
    digests = {Provenance.of("", users, None).users_digest for users in allowed}
    for record in records:
        if record.users_digest not in digests:
            raise LeakageError(
                f"{record.artefact} was fitted on {record.users} users that are neither the {len(warm)} warm users "
                "nor those that give episodes: a defect, report it"
            )
        _check_newest(record.artefact, record.newest, split)


def check_gate(asked: Sequence[Posed], split: Split) -> Provenance:
    """What a gate is fitted to are users of half B, before the second cut.

    Args:
        asked: The question posed to the users that it is fitted to.
        split: The split.

    Returns:
        Who they are.

    Raises:
        LeakageError: Others are among them.

    """
    population = split.validation
    own = population.half == 1
    ids = np.unique(np.concatenate([one.users.ids for one in asked])) if asked else np.zeros(0, dtype=np.uint64)
    known = user_ids(population.users)
    strangers = np.setdiff1d(ids, known[own])
    if len(strangers):
        raise LeakageError(f"the gate saw {len(strangers)} users outside half B, expected none: a defect, report it")
    histories = population.histories.select(own & np.isin(known, ids))
    _check_times("users of the gate", histories, None, split.cuts.validation_until)
    return Provenance.of("gate", histories.users, histories.times)


def check_posed(posed: Sequence[Posed]) -> None:
    """One question at several numbers of shots: targets never shown, supports nested, the same targets where promised.

    Raises:
        LeakageError: Naming question and shots.

    """
    for one in posed:
        overlap = one.users.support(one.targets.shape[1]).multiply(one.targets).count_nonzero()
        if overlap:
            raise LeakageError(f"{one.question} at {one.shots_name}: {overlap} targets are shown in the support")
    fewest_first = sorted(posed, key=lambda one: np.inf if one.shots is None else one.shots)
    for small, large in pairwise(fewest_first):
        where = f"{small.question} at {small.shots_name} and {large.shots_name}"
        if small.question != large.question:
            raise LeakageError(f"{where}: expected one question, got {large.question} too")
        if small.question != "this_visit":
            same = np.array_equal(small.population, large.population) and _same(small, large)
            if not same:
                raise LeakageError(f"{where}: population or targets differ, expected the same at every number of shots")
        _check_nested(where, small, large)


def _check_times(who: str, part: Histories, first: int | None, until: int | None) -> None:
    if part.times is None or len(part.times) == 0:
        return
    if first is not None and part.times.min() < first:
        raise LeakageError(f"{who} hold an event of {part.times.min()} µs, before their first moment, {first} µs")
    if until is not None and part.times.max() >= until:
        raise LeakageError(f"{who} hold an event of {part.times.max()} µs, at or after their cut, {until} µs")


def _check_newest(artefact: str, newest: int | None, split: Split) -> None:
    cut = split.cuts.warm_until
    if cut is not None and newest is not None and newest >= cut:
        raise LeakageError(
            f"{artefact} saw an event of {newest} µs, at or after the first cut, {cut} µs: a defect, report it"
        )


def _same(small: Posed, large: Posed) -> bool:
    return (
        np.array_equal(small.targets.indptr, large.targets.indptr)
        and np.array_equal(small.targets.indices, large.targets.indices)
        and np.array_equal(small.outside_targets, large.outside_targets)
    )


def _check_nested(where: str, small: Posed, large: Posed) -> None:
    _, in_small, in_large = np.intersect1d(small.population, large.population, assume_unique=True, return_indices=True)
    fewer, more = small.users.select(in_small), large.users.select(in_large)
    nested = bool(np.all(fewer.rows.lengths <= more.rows.lengths))
    if nested:
        place = np.repeat(more.rows.indptr[:-1], fewer.rows.lengths) + fewer.rows.position_in_row
        nested = np.array_equal(more.items[place], fewer.items)
    if not nested:
        raise LeakageError(f"{where}: supports are not nested, expected the smaller to begin the larger")
