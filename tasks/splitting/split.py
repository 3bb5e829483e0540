"""The split: warm users, catalogue, validation and test users."""

import logging

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import OUTSIDE, Column, EventLog, Population, Warm
from tasks.errors import DataError
from tasks.splitting.cuts import NEVER, Cuts, cuts_of, first_events, log_end
from tasks.splitting.leakage import check_split
from tasks.splitting.parts import Role, Roles, Split
from tasks.splitting.settings import SplitSettings, TemporalSplit
from tasks.splitting.temporal import known_first_visit, moment, temporal_roles
from tasks.splitting.ties import draw, id_hashes, pair_hashes
from tasks.splitting.touches import Touches, touches_of
from tasks.splitting.user_holdout import user_holdout_roles

logger = logging.getLogger(__name__)

FOLDS = 5
"""Folds of half B."""


def split(log: EventLog, settings: SplitSettings, seed: int, cuts: Cuts | None = None) -> Split:
    """Split a log into warm users and two populations of new users, and check that nothing leaks between them.

    Args:
        log: The cleaned log.
        settings: How to split.
        seed: Only ``UserHoldoutSplit`` uses it, to draw validation users; test users never depend on it.
        cuts: Cuts taken earlier, before rows were fenced off; by default those of ``log``.

    Raises:
        DataError: No warm user or no new user is left, or the cuts do not fit the log.
        LeakageError: The split is not what it should be (a defect).

    """
    cuts = cuts_of(log, settings) if cuts is None else cuts
    hashes = id_hashes(log.users[Column.USER_ID])
    roles = _roles(log, settings, seed, cuts, hashes)
    touches = _touches(log, roles.until, hashes)
    role = roles.role[touches.users]
    name = "temporal" if isinstance(settings, TemporalSplit) else "user_holdout"
    now = cuts.warm_until if isinstance(settings, TemporalSplit) else cuts.log_end
    warm, catalogue, row = _warm(log, touches.where(role == Role.WARM), roles.first_visit_known, now)
    result = Split(
        name=name,
        cuts=cuts,
        catalogue=catalogue,
        warm=warm,
        validation=_population(log, touches.where(role == Role.VALIDATION), row, hashes, halved=True),
        test=_population(log, touches.where(role == Role.TEST), row, hashes, halved=False),
    )
    _check_populated(result)
    check_split(result)
    logger.info(
        "split %s: %d warm users, %d items; %d validation and %d test users",
        *(name, len(warm.histories.users), len(catalogue)),
        *(len(result.validation.half), len(result.test.half)),
    )
    return result


def warm_rows(log: EventLog, settings: SplitSettings, seed: int, cuts: Cuts | None = None) -> NDArray[np.bool_]:
    """The events that anything may be fitted on: of warm users, before their cut; bool (events,)."""
    cuts = cuts_of(log, settings) if cuts is None else cuts
    roles = _roles(log, settings, seed, cuts, id_hashes(log.users[Column.USER_ID]))
    users = log.events[Column.USER].to_numpy()
    chosen = roles.role[users] == Role.WARM
    if log.roles.has_times:
        chosen &= log.events[Column.TIME].to_numpy() < roles.until[users]
    return chosen


def warm_of_everything(
    log: EventLog,
    settings: SplitSettings,
    seed: int = 0,
    *,
    until: int | None = None,
    listed: NDArray[np.int32] | None = None,
) -> tuple[Warm, NDArray[np.int32]]:
    """All users and rows as warm, cut at the log's end: what the refit is fitted on.

    Args:
        log: The cleaned log.
        settings: For the burn-in; without times every user gives episodes.
        seed: Unused, so that split and refit are called alike.
        until: Another cut, microseconds since 1970-01-01 UTC: no event and no cancellation at or after it is seen.
        listed: int32, rows of ``EventLog.items`` that belong to the catalogue whether or not anybody touched them.

    Returns:
        The warm users and the catalogue, int32 (I,), rows of ``EventLog.items``.

    """
    del seed
    hashes = id_hashes(log.users[Column.USER_ID])
    users = log.users.height
    known = np.ones(users, dtype=np.bool_)
    if log.roles.has_times and isinstance(settings, TemporalSplit):
        known = known_first_visit(first_events(log), settings.burn_in_days)
    end = log_end(log) if until is None else until
    touches = _touches(log, np.full(users, NEVER if end is None else end, dtype=np.int64), hashes)
    warm, catalogue, _ = _warm(log, touches, known, end, listed)
    return warm, catalogue


def newcomers(log: EventLog, since: int, row: NDArray[np.int32]) -> Population:
    """Users whose first event, of whatever item, is of this moment or later, with all they did.

    Args:
        log: The cleaned log.
        since: Microseconds since 1970-01-01 UTC.
        row: int32 (items of the log,), row of each in the catalogue that they are asked about, or ``OUTSIDE``.

    """
    hashes = id_hashes(log.users[Column.USER_ID])
    touches = _touches(log, np.full(log.users.height, NEVER, dtype=np.int64), hashes)
    new = first_events(log) >= since
    return _population(log, touches.where(new[touches.users]), row, hashes, halved=False)


def _roles(log: EventLog, settings: SplitSettings, seed: int, cuts: Cuts, hashes: NDArray[np.uint64]) -> Roles:
    if isinstance(settings, TemporalSplit):
        return temporal_roles(log, settings, cuts)
    return user_holdout_roles(log, settings, cuts, hashes, seed)


def _touches(log: EventLog, until: NDArray[np.int64], user_hashes: NDArray[np.uint64]) -> Touches:
    users, items = log.events[Column.USER].to_numpy(), log.events[Column.ITEM].to_numpy()
    ties = pair_hashes(user_hashes[users], id_hashes(log.items[Column.ITEM_ID])[items])
    return touches_of(log, until, ties)


def _warm(
    log: EventLog,
    touches: Touches,
    first_visit_known: NDArray[np.bool_],
    now: int | None,
    listed: NDArray[np.int32] | None = None,
) -> tuple[Warm, NDArray[np.int32], NDArray[np.int32]]:
    """Warm users, catalogue, and the catalogue row of each item of the log."""
    kept = touches.where(touches.whole_weights > 0)  # what was not cancelled
    catalogue = np.unique(kept.items if listed is None else np.concatenate([kept.items, listed]))
    row = np.full(log.items.height, OUTSIDE, dtype=np.int32)
    row[catalogue] = np.arange(len(catalogue), dtype=np.int32)
    histories = kept.histories(row, kept.whole_weights)
    as_new = None
    if log.roles.has_times:
        shown = touches.where(np.isin(touches.users, histories.users))
        as_new = shown.histories(row, shown.first_weights)
    warm = Warm(
        histories=histories,
        n_items=len(catalogue),
        users=_users_of(log, histories.users),
        gives_episodes=first_visit_known[histories.users],
        now=now,
        as_new=as_new,
    )
    return warm, catalogue, row


def _population(
    log: EventLog, touches: Touches, row: NDArray[np.int32], hashes: NDArray[np.uint64], *, halved: bool
) -> Population:
    histories = touches.histories(row, touches.first_weights)
    own = hashes[histories.users]
    half = (draw(own, "half") & np.uint64(1)).astype(np.uint8) if halved else np.zeros(len(own), dtype=np.uint8)
    fold = (draw(own, "fold") % np.uint64(FOLDS)).astype(np.uint8)
    return Population(histories, _users_of(log, histories.users), half, fold)


def _users_of(log: EventLog, users: NDArray[np.int32]) -> pl.DataFrame:
    return log.users[users]


def _check_populated(split: Split) -> None:
    cuts = split.cuts
    if cuts.warm_until is not None and cuts.validation_until is not None:
        where = f" (first cut {moment(cuts.warm_until)}, second {moment(cuts.validation_until)} UTC)"
        remedy = "move split.first_cut and split.second_cut, or use split=user_holdout question=rest"
    else:
        where, remedy = "", "use a longer log, or change split.test_residues and split.validation_share"
    if len(split.warm.histories.users) == 0:
        raise DataError(
            f"no warm user is left after the split{where}: expected users with events to train on; {remedy}"
        )
    for name, population in (("validation", split.validation), ("test", split.test)):
        if len(population.half) == 0:
            raise DataError(f"no new {name} user is left after the split{where}: expected at least one; {remedy}")
