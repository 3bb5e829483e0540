"""What each question shows and asks, and at which numbers of shots."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Histories, Ragged
from tasks.errors import ConfigError, DataError

SHOTS = (0, 1, 3, 5, 10)
MINIMUM_USERS = 200
"""A population of new users smaller than this says too little."""

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]
"""Users it is posed to, bool (U,); entries shown and entries asked for, bool (N,)."""


def _next_visits(histories: Histories, shots: int | None, max_shots: int | None) -> Masks:
    del max_shots
    first, position = histories.visits == 0, histories.rows.position_in_row
    shown = first if shots is None else first & (position < shots)
    asked = ~first & histories.is_target
    return _any_per_user(asked, histories.rows), shown, asked


def _this_visit(histories: Histories, shots: int | None, max_shots: int | None) -> Masks:
    del max_shots
    if shots is None:
        raise ConfigError("question=this_visit has no shots=all: nothing of the visit would be left to find")
    first, position = histories.visits == 0, histories.rows.position_in_row
    rest = first & (position >= shots)
    asked = rest & histories.is_target
    if histories.taken_at_once is not None:
        asked &= histories.taken_at_once
    return _any_per_user(rest, histories.rows), first & (position < shots), asked


def _rest(histories: Histories, shots: int | None, max_shots: int | None) -> Masks:
    if shots is None or max_shots is None or shots > max_shots:
        raise ConfigError(f"question=rest needs shots of at most max_shots, got shots={shots}, max_shots={max_shots}")
    position = histories.rows.position_in_row
    return histories.rows.lengths > max_shots, position < shots, (position >= max_shots) & histories.is_target


MASKS: dict[str, Callable[[Histories, int | None, int | None], Masks]] = {
    "next_visits": _next_visits,
    "this_visit": _this_visit,
    "rest": _rest,
}
QUESTIONS = tuple(MASKS)


def shots_of(question: str, max_shots: int | None = None) -> tuple[int | None, ...]:
    """The numbers of shots at which a question is posed; None stands for all of the first visit.

    Args:
        question: ``next_visits``, ``this_visit`` or ``rest``.
        max_shots: For ``rest``, see ``rest_shots``.

    """
    check_question(question)
    if question == "next_visits":
        return (*SHOTS, None)
    if question == "rest" and max_shots is not None:
        return tuple(shots for shots in SHOTS if shots <= max_shots)
    return SHOTS


def rest_shots(test: Histories) -> int:
    """The largest of 1, 3, 5, 10 that at least 200 test users, or 90 % of them, exceed with their items.

    Of kinds of events that are only shown there may be many: of the users with a target, as many must have one behind.
    Where too few have, it is 1.

    Raises:
        DataError: Not even 1.

    """
    lengths, position = test.rows.lengths, test.rows.position_in_row
    buyers = _any_per_user(test.is_target, test.rows).sum()
    for shots in reversed(SHOTS[1:]):
        behind = _any_per_user(test.is_target & (position >= shots), test.rows).sum()
        if _are_enough((lengths > shots).sum(), len(lengths)) and (shots == 1 or _are_enough(behind, buyers)):
            return shots
    raise DataError(
        f"histories are too short for question=rest: {int(np.count_nonzero(lengths > 1))} of {len(lengths)} test users "
        f"have more than 1 item; expected {MINIMUM_USERS}, or 90 % of them. Use a longer log"
    )


def _are_enough(users: int, of: int) -> bool:
    return bool(users >= MINIMUM_USERS or users >= 0.9 * max(of, 1))


def check_question(question: str) -> None:
    """Raise ConfigError unless this is one of ``QUESTIONS``."""
    if question not in MASKS:
        raise ConfigError(f"question must be one of {', '.join(QUESTIONS)}, got {question!r}")


def _any_per_user(mask: NDArray[np.bool_], rows: Ragged) -> NDArray[np.bool_]:
    counts = np.bincount(rows.row_of_entry[mask], minlength=rows.rows)
    return counts > 0
