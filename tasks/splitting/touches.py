"""From events to distinct items per user in order of first touch, cancellations and ties settled."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tasks.domain import OUTSIDE, Column, EventLog, Histories, Ragged


@dataclass(frozen=True, slots=True)
class Touches:
    """One entry per (user, item), sorted by user, visit, time of first touch and hash of (user, item).

    Attributes:
        users: int32 (N,), rows of ``EventLog.users``.
        items: int32 (N,), rows of ``EventLog.items``.
        times: int64 (N,), of the first touch; None without times.
        visits: int32 (N,), the user's visit of the first touch, from 0; all 0 without times.
        first_weights: float32 (N,), the greatest weight in the visit of the first touch: what is known then.
        whole_weights: float32 (N,), the greatest weight of all the user's events of the item that were not
            cancelled before the cut; 0 where there is none.
        opening_weights: float32 (N,), the greatest weight of the events of the first touch's own time; None where all
            events weigh alike.
        is_target: bool (N,), False where every event of the item that is of a kind asked for was cancelled before the
            user's cut, or where there is none.
        taken_at_once: bool (N,), whether one of them lies in the visit of the first touch; None where every kind is
            asked for.
        comes_again: bool (N,), touched again in a later visit, by an event of a kind asked for.

    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    times: NDArray[np.int64] | None
    visits: NDArray[np.int32]
    first_weights: NDArray[np.float32]
    whole_weights: NDArray[np.float32]
    is_target: NDArray[np.bool_]
    comes_again: NDArray[np.bool_]
    opening_weights: NDArray[np.float32] | None = None
    taken_at_once: NDArray[np.bool_] | None = None

    def where(self, chosen: NDArray[np.bool_]) -> "Touches":
        """The chosen entries only, mask of shape (N,)."""
        return self.take(np.flatnonzero(chosen))

    def take(self, entries: NDArray[np.integer]) -> "Touches":
        """The entries at these positions, in this order."""
        return Touches(
            users=self.users[entries],
            items=self.items[entries],
            times=None if self.times is None else self.times[entries],
            visits=self.visits[entries],
            first_weights=self.first_weights[entries],
            whole_weights=self.whole_weights[entries],
            is_target=self.is_target[entries],
            comes_again=self.comes_again[entries],
            opening_weights=None if self.opening_weights is None else self.opening_weights[entries],
            taken_at_once=None if self.taken_at_once is None else self.taken_at_once[entries],
        )

    def histories(self, catalogue_row: NDArray[np.int32], weights: NDArray[np.float32]) -> Histories:
        """Histories of the users at hand.

        Args:
            catalogue_row: int32 (items of the log,), row in the catalogue or ``OUTSIDE``.
            weights: float32 (N,), ``first_weights`` or ``whole_weights``.

        """
        users, starts = np.unique(self.users, return_index=True)
        rows = Ragged(np.append(starts, len(self.users)).astype(np.int64))
        items = catalogue_row[self.items]
        again = self.comes_again & (items != OUTSIDE)
        return Histories(
            users=users,
            rows=rows,
            items=items,
            times=self.times,
            visits=self.visits,
            weights=weights,
            is_target=self.is_target,
            opening_weights=self.opening_weights,
            taken_at_once=self.taken_at_once,
            repeat_rows=Ragged.from_lengths(np.bincount(rows.row_of_entry[again], minlength=len(users))),
            repeat_items=items[again],
        )


@dataclass(frozen=True, slots=True)
class _Events:
    """Events as arrays of one length: what is left of the log at each step."""

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]
    ties: NDArray[np.uint64]
    times: NDArray[np.int64]
    visit_keys: NDArray[np.int64]
    cancelled: NDArray[np.int64]
    asked: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    visits: NDArray[np.int32]

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> "_Events":
        return _Events(*(getattr(self, field.name)[chosen] for field in fields(self)))


def touches_of(log: EventLog, until: NDArray[np.int64], ties: NDArray[np.uint64]) -> Touches:
    """Distinct items per user among the events before each user's cut.

    A cancellation acts where it came before the cut, with one exception: in the first visit only what was cancelled by
    the visit's last event is gone. Cancelled later, it was still part of what the shop knew after that visit: it stays,
    marked as no target. The first visit is the earliest with an event left.

    Args:
        log: The log; ``time`` and ``cancelled_at`` are compared with ``until``.
        until: int64 (users,), only events before it count; ignored without times.
        ties: uint64 (events,), orders events of one visit and one time.

    """
    events = _read(log, ties)
    if log.roles.has_times:
        events = events.where(events.times < until[events.users])
        lost = events.cancelled < until[events.users]
        events = _number_visits(_replace(events, lost=lost))
    return _first_touches(events, has_times=log.roles.has_times, all_alike=log.target_kinds is None)


def _read(log: EventLog, ties: NDArray[np.uint64]) -> _Events:
    frame, count = log.events, log.events.height
    never = np.full(count, np.iinfo(np.int64).max, dtype=np.int64)
    cancelled = never
    if log.roles.has_times and Column.CANCELLED_AT in frame.columns:
        cancelled = frame[Column.CANCELLED_AT].fill_null(int(never[0]) if count else 0).to_numpy()
    zeros = np.zeros(count, dtype=np.int64)
    return _Events(
        users=frame[Column.USER].to_numpy(),
        items=frame[Column.ITEM].to_numpy(),
        weights=frame[Column.WEIGHT].to_numpy(),
        ties=ties,
        times=frame[Column.TIME].to_numpy() if log.roles.has_times else zeros,
        visit_keys=frame[Column.VISIT].to_numpy() if log.roles.has_times else zeros,
        cancelled=cancelled,
        asked=log.asked_for(),
        lost=np.zeros(count, dtype=np.bool_),
        visits=np.zeros(count, dtype=np.int32),
    )


def _replace(events: _Events, **changed: NDArray) -> _Events:
    return _Events(*(changed.get(field.name, getattr(events, field.name)) for field in fields(events)))


def _starts(*keys: NDArray) -> NDArray[np.int64]:
    """Where a new group begins in keys sorted alike; int64 (groups,)."""
    if len(keys[0]) == 0:
        return np.zeros(0, dtype=np.int64)
    new = np.zeros(len(keys[0]), dtype=np.bool_)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def _number_visits(events: _Events) -> _Events:
    """Events that count, the visits of each user numbered from 0 in order of their first events."""
    events = events.where(np.lexsort((events.visit_keys, events.users)))
    starts = _starts(events.users, events.visit_keys)
    if len(starts) == 0:
        return events
    visit_of_event = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(events.users)))
    opened, closed = np.minimum.reduceat(events.times, starts), np.maximum.reduceat(events.times, starts)
    stays = events.cancelled > closed[visit_of_event]
    alive, held = np.logical_or.reduceat(stays, starts), np.logical_or.reduceat(~events.lost, starts)
    users = events.users[starts]

    # Invoices of one moment are ordered by the least of their events' hashes: numbers of visits may follow the file.
    order = np.lexsort((np.minimum.reduceat(events.ties, starts), opened, users))
    order = order[alive[order]]
    first = np.zeros(len(starts), dtype=np.bool_)
    first[order[_starts(users[order])]] = True
    order = order[first[order] | held[order]]
    begins = _starts(users[order])
    lengths = np.diff(begins, append=len(order))
    number = np.zeros(len(starts), dtype=np.int32)
    number[order] = np.arange(len(order)) - np.repeat(begins, lengths)

    counts = np.where(first[visit_of_event], stays, ~events.lost)
    return _replace(events, visits=number[visit_of_event]).where(counts)


def _first_touches(events: _Events, *, has_times: bool, all_alike: bool) -> Touches:
    events = events.where(np.lexsort((events.times, events.visits, events.items, events.users)))
    starts = _starts(events.users, events.items)
    lengths = np.diff(starts, append=len(events.users))
    in_first_visit = events.visits == np.repeat(events.visits[starts], lengths)
    held, asked = ~events.lost, events.asked

    def over_pairs(reduce: np.ufunc, values: NDArray) -> NDArray:
        return reduce.reduceat(values, starts) if len(starts) else values[:0]

    def heaviest(among: NDArray[np.bool_]) -> NDArray[np.float32]:
        return over_pairs(np.maximum, np.where(among, events.weights, np.float32(0)))

    opening = taken_at_once = None
    if not all_alike:
        opening = heaviest(in_first_visit & (events.times == np.repeat(events.times[starts], lengths)))
        taken_at_once = over_pairs(np.logical_or, in_first_visit & asked)
    touches = Touches(
        users=events.users[starts],
        items=events.items[starts],
        times=events.times[starts] if has_times else None,
        visits=events.visits[starts],
        first_weights=heaviest(in_first_visit),
        whole_weights=heaviest(held),
        is_target=over_pairs(np.logical_or, held & asked),
        comes_again=over_pairs(np.logical_or, ~in_first_visit & asked),
        opening_weights=opening,
        taken_at_once=taken_at_once,
    )
    order = np.lexsort((events.ties[starts], events.times[starts], touches.visits, touches.users))
    return touches.take(order)
