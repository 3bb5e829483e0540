from collections.abc import Sequence

import pytest

from tasks.results.cell import Cell
from tasks.results.goals import Goal, goals_of
from tasks.results.lookup import Lookup
from tasks.results.store import Manifest, Results
from tasks.results.summary import build_summary
from tests.results.made_up import LISTS, made_up_cell, made_up_users, small_study


def goals(cells: Sequence[Cell], cost: dict[str, float] | None = None) -> list[Goal]:
    users = {(cell.key.dataset, cell.key.question): made_up_users() for cell in cells}
    results = Results(Manifest("test", ()), tuple(cells), users, {}, cost or {})
    return list(goals_of(Lookup(build_summary(results, 200)), results))


def one(found: Sequence[Goal], target: str, where: str) -> Goal:
    (goal,) = [goal for goal in found if target in goal.target and goal.where.startswith(where)]
    return goal


def hybrid_against_popularity(factors: Sequence[float], **lists: float) -> list[Goal]:
    hybrid = made_up_cell("hybrid", factors, role="ours", lists=LISTS | lists)
    return goals([made_up_cell("popularity", [0.2] * 6), hybrid])


STUDY = goals([*small_study(), *small_study("online_retail", "this_visit")])


def test_the_study_reaches_its_gains() -> None:
    gain = one(STUDY, "next_visits: gain in NDCG@10, mean", "ta_feng")
    assert (gain.held, gain.value, gain.low) == (True, pytest.approx(0.15), pytest.approx(0.15))
    assert one(STUDY, "this_visit: gain in NDCG@10, mean", "online_retail").held
    assert one(STUDY, "at s = 0", "ta_feng, next_visits").held
    assert one(STUDY, "not worse", "ta_feng, next_visits").held


def test_every_goal_has_a_row_and_those_without_figures_are_open() -> None:
    assert len(STUDY) == 5 + 5 + 5 + 5 + 10 + 3
    assert len(goals([made_up_cell("popularity", [0.1] * 6)])) == len(STUDY)
    assert one(STUDY, "mean over s ≥ 1, at least +10 %", "rent_the_runway").held is None
    assert {goal.held for goal in goals([made_up_cell("popularity", [0.1] * 6)])} == {None}


@pytest.mark.parametrize(("factor", "held"), [(0.219, False), (0.2201, True)])
def test_a_tenth_is_the_bar_of_later_visits(factor: float, held: bool) -> None:
    found = hybrid_against_popularity([factor] * 6)
    assert one(found, "next_visits: gain in NDCG@10, mean", "ta_feng").held is held


def test_one_number_of_shots_that_is_worse_is_enough_to_miss() -> None:
    worse = one(hybrid_against_popularity([0.3, 0.3, 0.3, 0.19, 0.3, 0.3]), "not worse", "ta_feng, next_visits")
    assert worse.where == "ta_feng, next_visits; lowest at s = 5"
    assert worse.held is False
    assert worse.value == pytest.approx(-0.05, rel=1e-4)
    assert worse.low is not None
    assert worse.low < -0.05
    assert one(hybrid_against_popularity([0.199] * 6), "not worse", "ta_feng, next_visits").held  # −0.5 %


def test_a_placebo_has_to_be_beaten_everywhere() -> None:
    assert one(STUDY, "fill_popular", "every").value == 2
    assert one(STUDY, "fill_popular", "every").held
    stronger = [
        made_up_cell("user_knn_cosine_virtual", [0.2] * 6, role="ours", dataset="rent_the_runway"),
        made_up_cell("fill_popular", [0.3] * 6, role="placebo", dataset="rent_the_runway"),
    ]
    beaten = one(goals([*small_study(), *stronger]), "fill_popular", "every")
    assert (beaten.value, beaten.of, beaten.held) == (1, 2, False)
    assert one(STUDY, "fill_ials", "every").held is None


def test_lists_are_no_narrower_and_no_more_popular() -> None:
    found = hybrid_against_popularity([0.2] * 6, coverage=0.04, average_popularity=0.03)
    coverage, popular = one(found, "coverage", "ta_feng, next"), one(found, "average popularity", "ta_feng, next")
    assert (coverage.held, coverage.value) == (False, pytest.approx(-0.2))
    assert (popular.held, popular.value) == (True, pytest.approx(-0.25))
    assert "0.0400 against 0.0500" in coverage.where


def test_costs_are_those_that_were_noted() -> None:
    assert one(STUDY, "training", "ta_feng").held is None
    found = goals(small_study(), {"training_seconds": 412.0, "scoring_milliseconds": 5.5, "bytes_per_user_item": 0.03})
    assert one(found, "training", "ta_feng").held is True
    assert one(found, "scoring", "one core").held is False
    assert one(found, "nothing grows", "peak memory").held is True
