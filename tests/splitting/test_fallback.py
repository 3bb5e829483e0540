import logging

import pytest

from tasks.errors import DataError
from tasks.splitting import TemporalSplit, UserHoldoutSplit, resolve, split
from tests.splitting.logs import iso, log_of

SETTINGS = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=0)
ASKED = ("next_visits", "this_visit")


def shop(validation, test, warm=20):
    users = [("w", warm, 20), ("v", validation, 120), ("t", test, 220)]
    return [
        (f"{part}{user}", item, day + later)
        for part, n, day in users
        for user in range(n)
        for item, later in (("a", 0), ("b", 5))
    ]


def test_a_log_that_is_enough_is_split_by_time():
    found = resolve(log_of(shop(5, 5)), SETTINGS, ASKED, minimum=5)
    assert (found.settings, found.questions, found.reason) == (SETTINGS, ASKED, None)


@pytest.mark.parametrize(("validation", "test", "which"), [(4, 5, "4 validation"), (5, 4, "4 test")])
def test_too_few_users_fall_back_and_say_so(validation, test, which, caplog):
    with caplog.at_level(logging.WARNING):
        found = resolve(log_of(shop(validation, test)), SETTINGS, ASKED, minimum=5)
    assert found.settings == UserHoldoutSplit()
    assert found.questions == ("rest",)
    assert which in found.reason
    asked = "split=user_holdout instead of split=temporal, question=rest instead of question=next_visits"
    assert found.reason.endswith(asked)
    assert asked in caplog.text
    assert found.cuts.warm_until is None
    assert split(log_of(shop(validation, test)), found.settings, 0, cuts=found.cuts).name == "user_holdout"


def test_the_minimum_is_200_users():
    assert resolve(log_of(shop(200, 200)), SETTINGS, ASKED).reason is None
    assert "199 test" in resolve(log_of(shop(200, 199)), SETTINGS, ASKED).reason


def test_no_times_one_moment_and_burn_in_fall_back():
    assert "no times" in resolve(log_of(shop(5, 5), times=False), SETTINGS, ASKED).reason
    same = [(f"u{user}", "a", 5) for user in range(9)]
    assert "both cuts" in resolve(log_of(same), TemporalSplit(), ASKED).reason
    burnt = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=90)
    assert "burn_in_days" in resolve(log_of(shop(5, 5)), burnt, ASKED, minimum=5).reason
    nobody = TemporalSplit(first_cut=iso(1), second_cut=iso(2))
    assert "no warm user" in resolve(log_of(shop(5, 5)), nobody, ASKED, minimum=5).reason


def test_a_considered_choice_stays(caplog):
    found = resolve(log_of(shop(4, 4)), SETTINGS, ASKED, fall_back=False)
    assert (found.settings, found.questions, found.reason) == (SETTINGS, ASKED, None)
    assert "going on with split=temporal" in caplog.text
    with pytest.raises(DataError, match="needs times"):
        resolve(log_of(shop(4, 4), times=False), SETTINGS, ASKED, fall_back=False)


def test_without_times_only_rest_can_be_asked():
    log = log_of(shop(5, 5), times=False)
    assert resolve(log, UserHoldoutSplit(), ("rest",)).reason is None
    found = resolve(log, UserHoldoutSplit(), ("this_visit",))
    assert found.questions == ("rest",)
    assert "question=rest instead of question=this_visit" in found.reason
    assert "question" not in resolve(log, SETTINGS, ("rest",)).reason
    with pytest.raises(DataError, match="question=rest"):
        resolve(log, UserHoldoutSplit(), ASKED, fall_back=False)
    assert resolve(log_of(shop(5, 5)), UserHoldoutSplit(), ASKED).questions == ASKED
