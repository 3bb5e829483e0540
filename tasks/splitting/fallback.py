"""Whether a log can be split by time at all, and what to do where it cannot."""

import logging
from dataclasses import dataclass

import numpy as np

from tasks.domain import EventLog, Population
from tasks.errors import DataError
from tasks.splitting.cuts import Cuts, cuts_of
from tasks.splitting.definitions import MINIMUM_USERS
from tasks.splitting.settings import SplitSettings, TemporalSplit, UserHoldoutSplit
from tasks.splitting.split import split
from tasks.splitting.temporal import moment

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The split and questions to use.

    Attributes:
        settings: The split.
        questions: The questions; the first one leads.
        cuts: The cuts of the log under ``settings``.
        reason: Why these are not the ones asked for, and what was asked for, in words; None where they are.

    """

    settings: SplitSettings
    questions: tuple[str, ...]
    cuts: Cuts
    reason: str | None


def resolve(
    log: EventLog,
    settings: SplitSettings,
    questions: tuple[str, ...],
    *,
    fall_back: bool = True,
    minimum: int = MINIMUM_USERS,
) -> Resolved:
    """Fall back to ``user_holdout`` and ``rest`` where a log cannot be split by time, and say so.

    Args:
        log: The cleaned log.
        settings: The split asked for.
        questions: The questions asked for.
        fall_back: True for anybody's log; False where split and question are a considered choice (the named data sets):
            then a small population is only a warning, and an impossible split an error.
        minimum: Users that validation and test need in the population of ``next_visits``.

    Raises:
        DataError: The log is empty, or cannot be split as asked and must not fall back.

    """
    if not isinstance(settings, TemporalSplit):
        return _without_visits(log, settings, questions, fall_back=fall_back)
    reason = obstacle(log, settings, minimum)
    if reason is None or not fall_back:
        if reason is not None:
            logger.warning("%s; going on with split=temporal as asked", reason)
        return Resolved(settings, questions, cuts_of(log, settings), None)
    holdout = UserHoldoutSplit()
    reason = f"{reason}: split=user_holdout instead of split=temporal{_instead_of(questions)}"
    logger.warning("%s", reason)
    return Resolved(holdout, ("rest",), cuts_of(log, holdout), reason)


def _without_visits(log: EventLog, settings: SplitSettings, questions: tuple[str, ...], *, fall_back: bool) -> Resolved:
    """Without times there are no visits, and only ``rest`` can be asked."""
    cuts = cuts_of(log, settings)
    if log.roles.has_times or set(questions) == {"rest"}:
        return Resolved(settings, questions, cuts, None)
    reason = "the log has no times, so no visits"
    if not fall_back:
        asked = ", ".join(questions)
        raise DataError(f"{reason} for question={asked}: use question=rest, or name the time column in dataset.columns")
    reason += _instead_of(questions)
    logger.warning("%s", reason)
    return Resolved(settings, ("rest",), cuts, reason)


def _instead_of(questions: tuple[str, ...]) -> str:
    """What becomes of the leading question where only ``rest`` is left."""
    return "" if questions[0] == "rest" else f", question=rest instead of question={questions[0]}"


def obstacle(log: EventLog, settings: TemporalSplit, minimum: int = MINIMUM_USERS) -> str | None:
    """What stands against splitting a log by time, in words; None where nothing does."""
    if not log.roles.has_times:
        return "the log has no times"
    cuts = cuts_of(log, settings)
    if cuts.warm_until == cuts.validation_until and cuts.warm_until is not None:
        return f"both cuts fall on {moment(cuts.warm_until)} UTC"
    try:
        parts = split(log, settings, seed=0, cuts=cuts)
    except DataError as error:
        return str(error)
    for name, population in (("test", parts.test), ("validation", parts.validation)):
        users = later_visitors(population)
        if users < minimum:
            return f"only {users} {name} users come back for something new (question next_visits), fewer than {minimum}"
    if not parts.warm.gives_episodes.any():
        return f"every warm user was first seen in the log's first {settings.burn_in_days} days (split.burn_in_days)"
    return None


def later_visitors(population: Population) -> int:
    """Users with a target first touched in a later visit: the population of ``next_visits``."""
    histories = population.histories
    return len(np.unique(histories.rows.row_of_entry[(histories.visits > 0) & histories.is_target]))
