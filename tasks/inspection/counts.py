"""Counts of what a run would have to work with; nothing is trained."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog, Histories, Population, Posed, UserFeatures
from tasks.errors import DataError
from tasks.ingestion.quality import QualityReport
from tasks.inspection.report import QUANTILES, Eligible, Inspection, KindCount, Lengths
from tasks.splitting.definitions import MINIMUM_USERS, rest_shots
from tasks.splitting.fallback import resolve
from tasks.splitting.parts import Split
from tasks.splitting.questions import pose_all, user_ids
from tasks.splitting.settings import SplitSettings
from tasks.splitting.split import split, warm_of_everything

MANY_OUTSIDE = 0.25
"""Share of targets outside the catalogue that is worth a word."""


def inspect_log(
    log: EventLog,
    quality: QualityReport,
    settings: SplitSettings,
    questions: tuple[str, ...],
    *,
    seed: int = 0,
    fall_back: bool = True,
) -> Inspection:
    """Count what a run would have to work with.

    Args:
        log: The cleaned log.
        quality: Its report.
        settings: The split asked for.
        questions: The questions asked for.
        seed: As for a run; decides who validates in ``user_holdout``.
        fall_back: See ``tasks.splitting.resolve``.

    Raises:
        DataError: The log is empty. A log that cannot be split is inspected all the same, and the advice says why.

    """
    whole, _ = warm_of_everything(log, settings, seed)
    parts: Split | None = None
    eligible: list[Eligible] = []
    advice: list[str] = []
    try:
        resolved = resolve(log, settings, questions, fall_back=fall_back)
        advice += _fallback_advice(resolved.reason)
        questions = resolved.questions
        parts = split(log, resolved.settings, seed, cuts=resolved.cuts)
        for question in questions:
            eligible += _eligible(question, parts)
    except DataError as error:
        advice.append(f"This log cannot be evaluated as it is: {error}.")
    if parts is not None:
        advice += _population_advice(parts, eligible)
    has_times = log.roles.has_times
    return Inspection(
        quality=quality,
        users=log.users.height,
        items=log.items.height,
        events=log.events.height,
        visits=log.events.select(Column.USER, Column.VISIT).unique().height if has_times else None,
        kinds=_kinds(log),
        lengths=_lengths(whole.histories if whole.as_new is None else whole.as_new, log),
        split=None if parts is None else parts.name,
        cuts=None if parts is None else parts.cuts,
        parts={} if parts is None else _parts(parts),
        catalogue=0 if parts is None else len(parts.catalogue),
        eligible=tuple(eligible),
        advice=tuple(advice),
    )


def _kinds(log: EventLog) -> tuple[KindCount, ...]:
    if Column.KIND not in log.events.columns:
        return ()
    of_kind = log.events.group_by(Column.KIND).agg(pl.len(), pl.col(Column.WEIGHT).first()).sort(Column.KIND)
    return tuple(
        KindCount(
            log.kinds[code], float(weight), count, log.target_kinds is None or log.kinds[code] in log.target_kinds
        )
        for code, count, weight in of_kind.iter_rows()
    )


def _lengths(histories: Histories, log: EventLog) -> tuple[Lengths, ...]:
    counts = {"items per user": histories.rows.lengths}
    if log.roles.has_times:
        visits = log.events.select(Column.USER, Column.VISIT).unique()[Column.USER].to_numpy()
        counts["visits per user"] = np.bincount(visits, minlength=log.users.height)
        row = histories.rows.row_of_entry
        counts["items in the first visit"] = np.bincount(row[histories.visits == 0], minlength=histories.rows.rows)
    return tuple(Lengths(name, _quantiles(values)) for name, values in counts.items())


def _quantiles(values: NDArray[np.integer]) -> tuple[float, ...]:
    if len(values) == 0:
        return (0.0,) * len(QUANTILES)
    return tuple(float(value) for value in np.quantile(values, QUANTILES, method="inverted_cdf"))


def _parts(parts: Split) -> dict[str, int]:
    return {
        "warm": len(parts.warm.histories.users),
        "warm that give episodes": int(parts.warm.gives_episodes.sum()),
        "validation": len(parts.validation.half),
        "test": len(parts.test.half),
    }


def _eligible(question: str, parts: Split) -> list[Eligible]:
    max_shots = rest_shots(parts.test.histories) if question == "rest" else None

    def posed_to(population: Population) -> tuple[Posed, ...]:
        histories, ids = population.histories, user_ids(population.users)
        features, n_items = UserFeatures.none(len(ids)), len(parts.catalogue)
        return pose_all(question, histories, features, n_items=n_items, ids=ids, max_shots=max_shots)

    rows = []
    for validation, test in zip(posed_to(parts.validation), posed_to(parts.test), strict=True):
        half = parts.validation.half[validation.population[_has_targets(validation)]]
        outside, inside = int(validation.outside_targets.sum()), validation.targets.nnz
        share = outside / (outside + inside) if outside + inside else float("nan")
        half_b = int(half.sum())
        tested = int(_has_targets(test).sum())
        rows.append(Eligible(question, validation.shots_name, len(half) - half_b, half_b, tested, share))
    return rows


def _has_targets(posed: Posed) -> NDArray[np.bool_]:
    """Users who took something of what is asked for, in the catalogue or not: the others count for no figure."""
    found: NDArray[np.bool_] = (np.diff(posed.targets.indptr) > 0) | (posed.outside_targets > 0)
    return found


def _fallback_advice(reason: str | None) -> list[str]:
    return [] if reason is None else [f"A run would not split this log as asked: {reason}."]


def _population_advice(parts: Split, eligible: list[Eligible]) -> list[str]:
    advice = []
    by_time = parts.cuts.warm_until is not None
    for question in dict.fromkeys(row.question for row in eligible):
        rows = [row for row in eligible if row.question == question]
        fewest = min(rows, key=lambda row: min(row.validation_a + row.validation_b, row.test))
        validation = fewest.validation_a + fewest.validation_b
        if min(validation, fewest.test) < MINIMUM_USERS:
            advice.append(
                f"{question} at {fewest.shots}: {validation} validation and {fewest.test} test users; with fewer than "
                f"{MINIMUM_USERS} expect wide intervals."
            )
        outside = np.nanmax([0.0, *(row.outside for row in rows)])
        if outside > MANY_OUTSIDE:
            advice.append(
                f"{question}: up to {outside:.0%} of the targets are items that no warm user touched, which nothing "
                "fitted on warm users can recommend" + ("; a later split.first_cut leaves fewer." if by_time else ".")
            )
    if not parts.warm.gives_episodes.any():
        advice.append("No warm user gives episodes: shorten split.burn_in_days, or move split.first_cut.")
    if not advice:
        advice.append(
            f"Enough: every question has at least {MINIMUM_USERS} validation and test users at all its shots."
        )
    return advice
