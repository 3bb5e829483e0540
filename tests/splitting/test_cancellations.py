"""Rows are (user, item, day, day of cancellation); T1 = 100, T2 = 200."""

import numpy as np

from tasks.domain import UserFeatures
from tasks.splitting import TemporalSplit, pose_episodes, split, warm_of_everything
from tests.splitting.logs import answers, iso, log_of

SETTINGS = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=0)
CATALOGUE = [("w", item, 20) for item in "abcdef"]
OTHERS = [*CATALOGUE, ("w2", "a", 30), ("v", "a", 150), ("v", "b", 160), ("t", "a", 300), ("t", "b", 310)]


def shown_and_asked(rows, question="next_visits", shots=None):
    log = log_of([*OTHERS, *rows])
    return answers(log, split(log, SETTINGS, seed=0), question, shots).get("u")


def test_a_support_item_cancelled_after_the_visit_stays():
    found = shown_and_asked([("u", "a", 250.1, 260), ("u", "b", 250.2), ("u", "c", 255)])
    assert found["support"] == ["a", "b"]
    assert found["targets"] == ["c"]


def test_a_support_item_cancelled_after_the_visit_is_no_target_of_the_visit():
    found = shown_and_asked([("u", "a", 250.1), ("u", "b", 250.2, 260), ("u", "c", 250.3)], "this_visit", 1)
    assert found["support"] == ["a"]
    assert found["targets"] == ["c"]


def test_an_item_cancelled_within_the_first_visit_is_gone():
    found = shown_and_asked([("u", "a", 250.1, 250.15), ("u", "b", 250.2), ("u", "c", 255)])
    assert found["support"] == ["b"]


def test_a_first_visit_cancelled_within_itself_is_none():
    found = shown_and_asked([("u", "a", 250.1, 250.15), ("u", "e", 250.2, 250.2), ("u", "b", 255), ("u", "c", 256)])
    assert found["support"] == ["b"]
    assert found["targets"] == ["c"]


def test_a_target_cancelled_before_the_cut_is_no_target():
    rows = [("u", "a", 250), ("u", "b", 255, 270), ("u", "c", 256)]
    assert shown_and_asked(rows)["targets"] == ["c"]


def test_a_user_whose_later_purchases_were_all_cancelled_does_not_come_back():
    assert shown_and_asked([("u", "a", 250), ("u", "b", 255, 270)]) is None


def test_another_purchase_that_stands_keeps_the_target():
    rows = [("u", "a", 250), ("u", "b", 255, 270), ("u", "b", 280)]
    assert shown_and_asked(rows)["targets"] == ["b"]


def test_a_cancellation_after_the_cut_does_not_act():
    log = log_of([*OTHERS, ("u", "a", 150), ("u", "b", 160, 200), ("u", "c", 161, 199)])
    found = answers(log, split(log, SETTINGS, seed=0), "next_visits", None, "validation")
    assert found["u"]["targets"] == ["b"]


def test_the_newest_cancellation_acts_even_after_the_newest_purchase():
    assert shown_and_asked([("u", "a", 250), ("u", "b", 255, 9999), ("u", "c", 256)])["targets"] == ["c"]


def test_warm_purchases_cancelled_before_the_first_cut_do_not_count():
    rows = [("x", "a", 40, 99.9), ("x", "b", 41, 100), ("x", "g", 42, 50), ("x", "h", 43, 101)]
    log = log_of([*OTHERS, *rows])
    parts = split(log, SETTINGS, seed=0)
    catalogue = log.items["item_id"].gather(parts.catalogue).to_list()
    assert catalogue == ["a", "b", "c", "d", "e", "f", "h"]
    row = parts.warm.users["user_id"].to_list().index("x")
    bought = np.flatnonzero(parts.warm.matrix().toarray()[row])
    assert [catalogue[item] for item in bought] == ["b", "h"]


def test_episodes_show_what_was_cancelled_later_and_do_not_ask_for_it():
    rows = [("x", "a", 40.1, 60), ("x", "b", 40.2), ("x", "c", 45), ("x", "d", 46, 70)]
    log = log_of([*OTHERS, *rows])
    parts = split(log, SETTINGS, seed=0)
    everything = pose_episodes("next_visits", parts.warm, UserFeatures.none(len(parts.warm.gives_episodes)))[-1]
    place = parts.warm.users["user_id"].to_list().index("x")
    assert everything.population.tolist() == [place]
    catalogue = log.items["item_id"].gather(parts.catalogue)
    assert catalogue.gather(everything.users.items).to_list() == ["a", "b"]
    assert catalogue.gather(everything.targets.indices).to_list() == ["c"]


def test_a_warm_user_who_cancelled_everything_is_not_warm():
    log = log_of([*OTHERS, ("x", "a", 40, 50), ("x", "b", 150)])
    parts = split(log, SETTINGS, seed=0)
    for part in (parts.warm, parts.validation, parts.test):
        assert "x" not in part.users["user_id"].to_list()


def test_refit_leaves_out_what_was_cancelled_by_the_log_s_end():
    log = log_of([*OTHERS, ("u", "y", 250, 9999), ("u", "b", 251)])
    _, catalogue = warm_of_everything(log, SETTINGS)
    assert "y" not in log.items["item_id"].gather(catalogue).to_list()
