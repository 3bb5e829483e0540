"""Hand-made logs: rows of (user, item, day), or (user, item, day, day of cancellation)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from tasks.domain import EventLog, LogRoles, UserFeatures
from tasks.splitting import Split, pose, pose_all, rest_shots, user_ids

DAY = 86_400_000_000
WEIGHTS = {"view": 0.25, "cart": 0.5, "purchase": 1.0}
CODES = {kind: code for code, kind in enumerate(WEIGHTS)}

Row = tuple[str, str, float, str]
"""User, item, day, kind."""


def iso(day: int) -> str:
    return str(np.datetime64(0, "D") + day)


def log_of(rows: Sequence[tuple], *, times: bool = True, shuffle: int | None = None) -> EventLog:
    """Days may be fractions; the visit is the whole day. ``shuffle`` permutes ids, and rows of one user and time."""
    users, items = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    order = np.arange(len(rows))
    if shuffle is not None:
        random = np.random.default_rng(shuffle)
        random.shuffle(order)
        random.shuffle(users)
        random.shuffle(items)
    rows = [rows[place] for place in order]
    frame = pl.DataFrame(
        {
            "user": pl.Series([users.index(row[0]) for row in rows], dtype=pl.Int32),
            "item": pl.Series([items.index(row[1]) for row in rows], dtype=pl.Int32),
            "weight": pl.Series([row[4] if len(row) > 4 else 1.0 for row in rows], dtype=pl.Float32),
        }
    )
    if times:
        frame = frame.with_columns(
            time=pl.Series([int(row[2] * DAY) for row in rows], dtype=pl.Int64),
            visit=pl.Series([int(row[2]) for row in rows], dtype=pl.Int64),
            cancelled_at=pl.Series(
                [int(row[3] * DAY) if len(row) > 3 and row[3] is not None else None for row in rows], dtype=pl.Int64
            ),
        ).sort("user", "time", maintain_order=True)
    else:
        frame = frame.sort("user", maintain_order=True)
    return EventLog(
        events=frame,
        users=pl.DataFrame({"user_id": users}),
        items=pl.DataFrame({"item_id": items}),
        item_attributes=pl.DataFrame(),
        roles=LogRoles(has_times=times, has_hours=times, has_cancellations=times),
    )


def kinds_log(rows: list[Row], targets: tuple[str, ...] | None = ("purchase",), *, times: bool = True) -> EventLog:
    """Rows of (user, item, day, kind); a weight tells its kind."""
    log = log_of([(user, item, day, None, WEIGHTS[kind]) for user, item, day, kind in rows], times=times)
    code = {weight: CODES[kind] for kind, weight in WEIGHTS.items()}
    kinds = log.events["weight"].cast(pl.Float64).replace_strict(code, return_dtype=pl.UInt8).alias("kind")
    return replace(log, events=log.events.with_columns(kinds), kinds=tuple(WEIGHTS), target_kinds=targets)


def items_of(log: EventLog, split: Split, codes: np.ndarray) -> list[str]:
    """Raw item ids of catalogue rows."""
    return log.items["item_id"].gather(split.catalogue[codes]).to_list()


def answers(log: EventLog, split: Split, question: str, shots: int | None, part: str = "test") -> dict[str, dict]:
    """Raw user id → support in order, sorted targets and repeats, items outside the catalogue (shown, asked)."""
    population = getattr(split, part)
    posed = pose(
        question,
        population.histories,
        UserFeatures.none(len(population.half)),
        n_items=len(split.catalogue),
        shots=shots,
        ids=user_ids(population.users),
        max_shots=rest_shots(split.test.histories) if question == "rest" else None,
        repeats=True,
    )
    found = {}
    for row, position in enumerate(posed.population):
        support = posed.users.items[posed.users.rows.indptr[row] : posed.users.rows.indptr[row + 1]]
        targets = posed.targets.indices[posed.targets.indptr[row] : posed.targets.indptr[row + 1]]
        repeats = posed.repeats.indices[posed.repeats.indptr[row] : posed.repeats.indptr[row + 1]]
        found[population.users["user_id"][int(position)]] = {
            "support": items_of(log, split, support),
            "targets": sorted(items_of(log, split, targets)),
            "outside": (int(posed.outside_support[row]), int(posed.outside_targets[row])),
            "repeats": sorted(items_of(log, split, repeats)),
        }
    return found


def all_posed(split: Split, question: str, part: str = "test"):
    population = getattr(split, part)
    return pose_all(
        question,
        population.histories,
        UserFeatures.none(len(population.half)),
        n_items=len(split.catalogue),
        ids=user_ids(population.users),
        max_shots=rest_shots(split.test.histories) if question == "rest" else None,
    )
