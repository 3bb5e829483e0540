import numpy as np
import pytest

from tasks.errors import DataError
from tasks.splitting import TemporalSplit, cuts_of, split, warm_of_everything, warm_rows
from tests.splitting.logs import DAY, answers, iso, items_of, log_of

SETTINGS = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=14)

ROWS = [
    ("early", "a", 3),  # first seen in the burn-in
    ("early", "b", 50),
    ("warm", "a", 20),
    ("warm", "c", 60),
    ("warm", "d", 100),  # at T1: not used
    ("warm", "e", 250),  # after T1: not used
    ("val", "a", 100),  # first seen at T1 exactly
    ("val", "b", 150),
    ("val", "c", 200),  # at T2: cut off
    ("test", "a", 200),  # first seen at T2 exactly
    ("test", "b", 201),
    ("test", "z", 202),  # outside the catalogue
]


def test_each_part_holds_its_users_and_events():
    log = log_of(ROWS)
    parts = split(log, SETTINGS, seed=0)
    assert parts.warm.users["user_id"].to_list() == ["early", "warm"]
    assert parts.validation.users["user_id"].to_list() == ["val"]
    assert parts.test.users["user_id"].to_list() == ["test"]
    assert log.items["item_id"].gather(parts.catalogue).to_list() == ["a", "b", "c"]
    assert parts.warm.histories.times.tolist() == [3 * DAY, 50 * DAY, 20 * DAY, 60 * DAY]
    assert parts.warm.now == 100 * DAY
    assert parts.warm.matrix().toarray().tolist() == [[1, 1, 0], [1, 0, 1]]
    assert answers(log, parts, "next_visits", None, "validation")["val"]["targets"] == ["b"]
    assert answers(log, parts, "next_visits", None)["test"] == {
        "support": ["a"],
        "targets": ["b"],
        "outside": (0, 1),
        "repeats": [],
    }


def test_only_warm_users_after_the_burn_in_give_episodes():
    assert split(log_of(ROWS), SETTINGS, seed=0).warm.gives_episodes.tolist() == [False, True]
    rows = [("start", "a", 0), ("edge", "a", 14), *ROWS]
    assert split(log_of(rows), SETTINGS, seed=0).warm.gives_episodes.tolist() == [False, True, False, True]


def test_warm_rows_are_those_of_warm_users_before_the_cut():
    log = log_of(ROWS)
    chosen = log.events.filter(warm_rows(log, SETTINGS, seed=0))
    assert sorted(chosen["time"].to_list()) == [3 * DAY, 20 * DAY, 50 * DAY, 60 * DAY]


def test_percentile_cuts_are_first_events_of_all_users():
    rows = [(f"u{user:02}", "a", user) for user in range(11)] + [("u00", "b", 500)]
    cuts = cuts_of(log_of(rows), TemporalSplit("50%", "80%"))
    assert (cuts.warm_until, cuts.validation_until) == (5 * DAY, 8 * DAY)
    assert cuts.log_end == 500 * DAY + 1


def test_cuts_taken_earlier_are_kept():
    log = log_of(ROWS)
    earlier = cuts_of(log, SETTINGS)
    parts = split(log, TemporalSplit("1%", "2%"), seed=0, cuts=earlier)
    assert parts.cuts == earlier


def test_the_seed_changes_nothing():
    one, two = (split(log_of(ROWS), SETTINGS, seed=seed) for seed in (0, 1))
    assert np.array_equal(one.test.histories.users, two.test.histories.users)
    assert np.array_equal(one.test.histories.items, two.test.histories.items)
    assert np.array_equal(one.validation.half, two.validation.half)


def test_refit_sees_all_users_and_rows():
    log = log_of(ROWS)
    warm, catalogue = warm_of_everything(log, SETTINGS)
    assert warm.users["user_id"].to_list() == ["early", "test", "val", "warm"]
    assert log.items["item_id"].gather(catalogue).to_list() == ["a", "b", "c", "d", "e", "z"]
    assert warm.histories.rows.lengths.tolist() == [2, 3, 3, 4]
    assert warm.gives_episodes.tolist() == [False, True, True, True]
    assert warm.now > warm.histories.times.max()


def test_a_user_with_one_event_is_part_of_the_split_but_of_no_population():
    rows = [*ROWS, ("single", "a", 210)]
    parts = split(log_of(rows), SETTINGS, seed=0)
    assert "single" in parts.test.users["user_id"].to_list()
    assert "single" not in answers(log_of(rows), parts, "next_visits", 1)


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [(iso(1), iso(2), "no warm user"), (iso(101), iso(102), "validation"), (iso(100), iso(300), "test")],
)
def test_an_empty_part_is_an_error_that_names_the_keys(first, second, what):
    with pytest.raises(DataError, match=f"{what}.*split.first_cut"):
        split(log_of(ROWS), TemporalSplit(first, second), seed=0)


def test_cuts_on_one_moment_are_an_error():
    rows = [(f"u{user}", "a", 5) for user in range(10)]
    with pytest.raises(DataError, match=r"split.first_cut=50%.*split.second_cut=72%"):
        split(log_of(rows), TemporalSplit(), seed=0)


def test_an_empty_log_and_a_log_without_times_are_errors():
    with pytest.raises(DataError, match="no event is left"):
        split(log_of([]), SETTINGS, seed=0)
    with pytest.raises(DataError, match="user_holdout"):
        split(log_of(ROWS, times=False), SETTINGS, seed=0)


def test_items_are_ordered_by_first_touch():
    rows = [*ROWS, ("late", "c", 300.5), ("late", "a", 300.1), ("late", "b", 300.3), ("late", "a", 300.9)]
    log = log_of(rows)
    parts = split(log, SETTINGS, seed=0)
    place = parts.test.users["user_id"].to_list().index("late")
    items = parts.test.histories.items[parts.test.histories.rows.entries_of(np.array([place]))]
    assert items_of(log, parts, items) == ["a", "b", "c"]
