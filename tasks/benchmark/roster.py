"""Who is asked: the users behind the rows of a cell, the same for every method and seed, and their segments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.benchmark.method import Part
from tasks.benchmark.workbench import Workbench
from tasks.domain import EventLog, Histories
from tasks.splitting import TemporalSplit, user_ids

FIRST_VISIT = ((1, "1"), (3, "2-3"), (9, "4-9"))
"""Most items of the first visit, and the name of that segment."""
LARGEST = "10+"
UNKNOWN = "unknown"
_CLASSES = 12
"""A feature with more classes than this makes no segments."""
_THIRDS = (1 / 3, 2 / 3)


@dataclass(frozen=True, slots=True)
class Roster:
    """The users of a question and part.

    Attributes:
        rows: int32 (U,), rows of ``EventLog.users``, ascending.
        table: ``user`` (Int32, 0 … U−1), ``id`` (UInt64) and ``segment_<name>`` (String).

    """

    rows: NDArray[np.int32]
    table: pl.DataFrame

    def positions(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Positions of users that are among them."""
        return np.searchsorted(self.rows, rows)


def asked_rows(bench: Workbench, part: Part) -> NDArray[np.int32]:
    """Rows of the log's users to whom the question is posed at some number of shots, int32, ascending."""
    split = bench.prepared.split
    population = split.test.histories if part == "test" else half(bench, part)
    asked = np.unique(np.concatenate([posed.population for posed in bench.posed(part)]))
    return np.sort(population.users[asked])


def half(bench: Workbench, part: Part) -> Histories:
    """Histories of a half of the validation users, in the order that questions were posed to them."""
    validation = bench.prepared.split.validation
    return validation.select(validation.half == (1 if part == "half_b" else 0)).histories


def roster(bench: Workbench, part: Part) -> Roster:
    """The users of a part; where validation users depend on the seed, all users who are not test users."""
    rows = asked_rows(bench, part)
    if part != "test" and not isinstance(bench.ingested.resolved.settings, TemporalSplit):
        split = bench.prepared.split
        everybody = [split.warm.histories.users, split.validation.histories.users]
        rows = np.sort(np.concatenate(everybody)).astype(np.int32)
    log = bench.ingested.log
    table = {"user": pl.Series(np.arange(len(rows), dtype=np.int32)), "id": pl.Series(user_ids(log.users[rows]))}
    return Roster(rows, pl.DataFrame(table | segments(bench, rows)))


def segments(bench: Workbench, rows: NDArray[np.int32]) -> dict[str, pl.Series]:
    """Segments of users: classes of their features, thirds of their numbers, items of the first visit."""
    log = bench.ingested.log
    users = log.users[rows]
    found = {}
    for name in log.roles.user_categories:
        text = users[name].cast(pl.String).fill_null(UNKNOWN)
        if text.n_unique() <= _CLASSES:
            found[f"segment_{name}"] = text
    for name in log.roles.user_numbers:
        thirds = in_thirds(users[name].cast(pl.Float64))
        if thirds is not None:
            found[f"segment_{name}"] = thirds
    if bench.question != "rest":
        found["segment_first_visit"] = _first_visits(log, bench, rows)
    return found


def in_thirds(values: pl.Series) -> pl.Series | None:
    """Which third of the users a number lies in, with its bounds; None where all have the same."""
    known = values.drop_nulls().drop_nans()
    if known.n_unique() < len(_THIRDS) + 1:
        return None
    low, high = (known.quantile(share, "nearest") for share in _THIRDS)
    if low is None or high is None or low >= high:
        return None
    names = [f"up to {low:g}", f"{low:g} to {high:g}", f"above {high:g}"]
    numbers = values.fill_nan(None)
    place = [(numbers > low).cast(pl.Int8) + (numbers > high).cast(pl.Int8)][0]
    return place.replace_strict({0: names[0], 1: names[1], 2: names[2], None: UNKNOWN}, return_dtype=pl.String)


def first_visit_segments(items: Sequence[int] | NDArray[np.integer]) -> pl.Series:
    """Names of the segments of users whose first visit holds this many items."""
    counts = np.asarray(items)
    bounds = np.array([most for most, _ in FIRST_VISIT])
    names = np.array([*(name for _, name in FIRST_VISIT), LARGEST])
    return pl.Series(names[np.searchsorted(bounds, counts)], dtype=pl.String)


def _first_visits(log: EventLog, bench: Workbench, rows: NDArray[np.int32]) -> pl.Series:
    counts = np.zeros(log.users.height, dtype=np.int64)
    split = bench.prepared.split
    for histories in (split.warm.histories, split.validation.histories, split.test.histories):
        first = histories.rows.row_of_entry[histories.visits == 0]
        counts[histories.users] = np.bincount(first, minlength=histories.rows.rows)
    return first_visit_segments(counts[rows])
