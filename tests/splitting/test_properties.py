"""What must hold for any log whatever."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.domain import UserFeatures
from tasks.errors import DataError
from tasks.splitting import TemporalSplit, UserHoldoutSplit, check_posed, check_split, pose_episodes, split
from tests.splitting.logs import DAY, all_posed, answers, iso, log_of

TEMPORAL = TemporalSplit(first_cut=iso(10), second_cut=iso(20), burn_in_days=2)
HOLDOUT = UserHoldoutSplit(test_residues=(0, 1, 2), validation_share=0.5)

_event = st.tuples(st.integers(0, 12), st.integers(0, 9), st.integers(0, 30), st.none() | st.integers(0, 12))


@st.composite
def logs_of_rows(draw):
    events = draw(st.lists(_event, min_size=15, max_size=80, unique_by=lambda event: event[:3]))
    return [(f"u{user}", f"i{item}", day, None if later is None else day + later) for user, item, day, later in events]


def parts_of(rows, how, **kwargs):
    log = log_of(rows, **kwargs)
    try:
        return log, split(log, how, seed=3)
    except DataError:
        assume(False)


@settings(max_examples=60, deadline=None)
@given(logs_of_rows(), st.sampled_from([TEMPORAL, HOLDOUT]))
def test_nothing_leaks_between_parts_or_from_targets_to_supports(rows, how):
    _, parts = parts_of(rows, how)
    check_split(parts)
    groups = [set(part.users["user_id"]) for part in (parts.warm, parts.validation, parts.test)]
    assert sum(map(len, groups)) == len(set.union(*groups))
    if how is TEMPORAL:
        assert parts.warm.histories.times.max() < 10 * DAY
        assert parts.warm.as_new.times.max() < 10 * DAY
    assert parts.warm.histories.items.min() >= 0
    assert np.array_equal(np.unique(parts.warm.histories.items), np.arange(parts.warm.n_items))
    for question in ("next_visits", "this_visit"):
        for part in ("validation", "test"):
            check_posed(all_posed(parts, question, part))
        check_posed(pose_episodes(question, parts.warm, UserFeatures.none(len(parts.warm.users))))


@settings(max_examples=60, deadline=None)
@given(logs_of_rows(), st.sampled_from([TEMPORAL, HOLDOUT]), st.integers(0, 100), st.booleans())
def test_the_order_of_rows_and_the_numbers_of_users_and_items_change_nothing(rows, how, shuffle, times):
    assume(times or how is HOLDOUT)
    (log, parts), (other_log, other) = (parts_of(rows, how, times=times, shuffle=order) for order in (None, shuffle))
    questions = [("next_visits", 1), ("next_visits", None), ("this_visit", 1), ("this_visit", 3)]
    for question, shots in questions:
        for part in ("validation", "test"):
            assert answers(log, parts, question, shots, part) == answers(other_log, other, question, shots, part)
    halves = [dict(zip(one.validation.users["user_id"], one.validation.half, strict=True)) for one in (parts, other)]
    assert halves[0] == halves[1]


@settings(max_examples=60, deadline=None)
@given(logs_of_rows())
def test_rest_has_fixed_targets_and_nested_supports(rows):
    _, parts = parts_of(rows, HOLDOUT, times=False)
    try:
        posed = all_posed(parts, "rest")
    except DataError:
        assume(False)
    check_posed(posed)
    for one in posed:
        assert np.all(one.users.shots + one.outside_support == one.shots)
