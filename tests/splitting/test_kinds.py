"""What is only looked at is shown and never asked for; weights tell what was known, and no more."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.domain import EventLog, UserFeatures
from tasks.errors import DataError
from tasks.splitting import (
    Split,
    TemporalSplit,
    UserHoldoutSplit,
    check_posed,
    check_split,
    pose,
    rest_shots,
    split,
    user_ids,
)
from tasks.splitting.fallback import later_visitors
from tests.splitting.logs import WEIGHTS, Row, all_posed, answers, iso, kinds_log

SETTINGS = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=0)


WARM: list[Row] = [("w", item, 20, "purchase") for item in "abcdefgh"]
OTHERS: list[Row] = [*WARM, ("v", "a", 150, "purchase"), ("v", "b", 160, "purchase")]
USER: list[Row] = [
    ("u", "a", 300.1, "view"),
    ("u", "b", 300.2, "view"),
    ("u", "a", 300.3, "purchase"),  # bought while the first visit goes on
    ("u", "c", 300.4, "cart"),
    ("u", "d", 300.5, "purchase"),
    ("u", "e", 301.1, "view"),  # only looked at, bought much later
    ("u", "f", 302.1, "cart"),
    ("u", "b", 303.1, "purchase"),
    ("u", "e", 303.2, "purchase"),
    ("u", "d", 304.0, "view"),
]


def parts(rows: list[Row] = USER, **kwargs: object) -> tuple[EventLog, Split]:
    log = kinds_log([*OTHERS, *rows], **kwargs)  # type: ignore[arg-type]
    return log, split(log, SETTINGS, seed=0)


def shown(found: Split, question: str, shots: int | None) -> list[float]:
    """Weights of what is shown of the only test user."""
    users, items = found.test, len(found.catalogue)
    features, ids = UserFeatures.none(len(users.half)), user_ids(users.users)
    posed = pose(question, users.histories, features, n_items=items, shots=shots, ids=ids, max_shots=3)
    return [float(weight) for weight in posed.users.weights]


def test_later_visits_are_asked_for_what_is_bought_in_them() -> None:
    for shots, support in ((1, "a"), (3, "abc"), (None, "abcd")):
        found = answers(*parts(), "next_visits", shots)["u"]
        assert found["support"] == list(support)
        assert found["targets"] == ["e"]  # first viewed in the second visit, bought in the fourth; f was never bought
    assert answers(*parts(), "next_visits", None)["u"]["repeats"] == ["b"]  # shown, and bought later; d was only viewed


def test_the_rest_of_the_visit_is_what_is_bought_in_it() -> None:
    # b is bought later, c never: neither completes this basket.
    assert answers(*parts(), "this_visit", 1)["u"]["targets"] == ["d"]
    assert answers(*parts(), "this_visit", 0)["u"]["targets"] == ["a", "d"]


def test_more_kinds_can_be_asked_for() -> None:
    found = answers(*parts(targets=("cart", "purchase")), "next_visits", 1)["u"]
    assert found["targets"] == ["e", "f"]
    assert answers(*parts(targets=("cart", "purchase")), "this_visit", 1)["u"]["targets"] == ["c", "d"]


def test_a_weight_is_what_was_known() -> None:
    _, found = parts()
    # Before the next visit the whole first one is known; while it goes on, no purchase that is yet to come is.
    assert shown(found, "next_visits", None) == [1.0, 0.25, 0.5, 1.0]
    assert shown(found, "this_visit", 3) == [0.25, 0.25, 0.5]
    assert shown(found, "rest", 3) == [0.25, 0.25, 0.5]


def test_at_dates_a_day_is_one_moment() -> None:
    rows: list[Row] = [(user, item, float(int(day)), kind) for user, item, day, kind in USER]
    _, found = parts(rows)
    users = found.test.histories
    bought = users.weights[(users.visits == 0) & (users.weights == 1.0)]
    assert len(bought) == 2
    np.testing.assert_array_equal(users.opening_weights, users.weights)


def test_warm_users_hold_each_item_by_their_heaviest_event() -> None:
    log = kinds_log([*OTHERS, *USER, ("w", "x", 30, "view"), ("w", "x", 40, "cart"), ("w", "x", 50, "view")])
    found = split(log, SETTINGS, seed=0)
    held = dict(zip(log.items["item_id"].to_list(), found.warm.matrix().toarray()[0].tolist(), strict=True))
    assert held == {**dict.fromkeys("abcdefgh", 1.0), "x": 0.5}
    histories = found.warm.histories
    assert int((~histories.is_target).sum()) == 1  # x is held, and never asked for


def test_whoever_only_looks_does_not_come_back_for_something() -> None:
    looker: list[Row] = [("u", "a", 300, "purchase"), ("u", "b", 301, "view")]
    for rows, visitors in ((looker, 0), (USER, 1)):
        assert later_visitors(parts(rows)[1].test) == visitors
    assert "u" not in answers(*parts(looker), "next_visits", 1)


@pytest.mark.parametrize(("bought", "shots"), [(9, 5), (4, 3), (2, 1), (1, 1)])
def test_the_most_shots_of_rest_leave_something_to_find(bought: int, shots: int) -> None:
    """Everybody views 9 items, and buys the one at this place."""
    rows = [
        (f"u{user:02}", f"i{place}", float(place), "purchase" if place == bought else "view")
        for user in range(40)
        for place in range(1, 10)
    ]
    found = split(kinds_log(rows), UserHoldoutSplit(), seed=0)
    assert rest_shots(found.test.histories) == shots


def test_kinds_that_are_asked_for_must_be_kinds() -> None:
    with pytest.raises(ValueError, match="target_kinds"):
        kinds_log(OTHERS, targets=("stare",))


_row = st.tuples(
    st.integers(0, 12).map("u{}".format),
    st.integers(0, 9).map("i{}".format),
    st.integers(0, 60).map(lambda half: half / 2),
    st.sampled_from(list(WEIGHTS)),
)
_rows = st.lists(_row, min_size=15, max_size=80, unique_by=lambda row: row[:3])
TEMPORAL = TemporalSplit(first_cut=iso(10), second_cut=iso(20), burn_in_days=2)
HOLDOUT = UserHoldoutSplit(test_residues=(0, 1, 2), validation_share=0.5)
QUESTIONS = (("next_visits", 1), ("next_visits", None), ("this_visit", 1), ("this_visit", 3))


def split_or_not(log: EventLog, how: TemporalSplit | UserHoldoutSplit) -> Split:
    try:
        return split(log, how, seed=3)
    except DataError:
        assume(False)
        raise


@settings(max_examples=60, deadline=None)
@given(_rows, st.sampled_from([TEMPORAL, HOLDOUT]))
def test_nothing_leaks_and_targets_are_some_of_those_without_kinds(
    rows: list[Row], how: TemporalSplit | UserHoldoutSplit
) -> None:
    log, plain = kinds_log(rows), kinds_log(rows, None)
    found, whole = split_or_not(log, how), split_or_not(plain, how)
    check_split(found)
    bought = {(user, item) for user, item, _, kind in rows if kind == "purchase"}
    for question, shots in QUESTIONS:
        for part in ("validation", "test"):
            check_posed(all_posed(found, question, part))
            of_kinds, of_all = (answers(*of, question, shots, part) for of in ((log, found), (plain, whole)))
            for user, asked in of_kinds.items():
                assert asked["support"] == of_all[user]["support"]
                assert set(asked["targets"]) <= set(of_all[user]["targets"])
                assert all((user, item) in bought for item in asked["targets"])


@settings(max_examples=40, deadline=None)
@given(_rows, st.sampled_from([TEMPORAL, HOLDOUT]))
def test_all_kinds_asked_for_is_as_no_kinds(rows: list[Row], how: TemporalSplit | UserHoldoutSplit) -> None:
    log, plain = kinds_log(rows, tuple(WEIGHTS)), kinds_log(rows, None)
    found, whole = split_or_not(log, how), split_or_not(plain, how)
    assert (found.warm.matrix() != whole.warm.matrix()).nnz == 0
    for question, shots in QUESTIONS:
        assert answers(log, found, question, shots) == answers(plain, whole, question, shots)
