from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.errors import DataError
from tasks.evaluation.statistics import holm, relative_gain
from tasks.results.cell import Cell
from tasks.results.lookup import Lookup
from tasks.results.store import Manifest, Results
from tasks.results.summary import SUMMARY_SCHEMA, build_summary, read_summary, write_summary
from tests.results.made_up import figures_of, made_up_cell, made_up_users, small_study, tastes, write_made_up

RESAMPLES = 400
SMALLEST = 1 / (RESAMPLES + 1)
"""The p-value of a difference that no draw reaches."""


def summary_of(cells: Sequence[Cell]) -> pl.DataFrame:
    users = {(cell.key.dataset, cell.key.question): made_up_users() for cell in cells}
    return build_summary(Results(Manifest("test", ()), tuple(cells), users, {}), RESAMPLES)


STUDY = summary_of([*small_study(), *small_study("online_retail", "this_visit")])
LOOKUP = Lookup(STUDY)


def test_columns_are_those_that_were_promised() -> None:
    assert dict(STUDY.schema) == SUMMARY_SCHEMA
    assert (
        not STUDY.select("dataset", "question", "method", "shots", "seed", "segment", "metric", "k")
        .is_duplicated()
        .any()
    )


def test_figures_are_averaged_over_seeds_and_each_seed_stands_there_too() -> None:
    rows = STUDY.filter(dataset="ta_feng", method="hybrid", shots="10", metric="ndcg").filter(
        pl.col("segment").is_null()
    )
    values = dict(rows.select("seed", "value").rows())
    assert values == pytest.approx({None: 0.2875, 0: 0.275, 1: 0.3}, rel=1e-6)
    assert rows.filter(pl.col("seed").is_not_null())["ci_low"].null_count() == 2


def test_the_mean_is_over_one_shot_and_more() -> None:
    ease = LOOKUP.get("ta_feng", "next_visits", "ease", "mean")
    assert ease is not None
    assert ease.value == pytest.approx(np.mean([0.05, 0.15, 0.2, 0.25, 0.3]), rel=1e-6)
    assert ease.low is not None
    assert ease.low < ease.value


def test_intervals_are_those_of_the_mean() -> None:
    """0.1 × taste, whose standard error over 80 users is 0.1 × 0.2922 / √80."""
    entry = LOOKUP.get("ta_feng", "next_visits", "popularity", "3")
    assert entry is not None
    error = 1.96 * 0.1 * tastes().std() / np.sqrt(80)
    assert entry.low == pytest.approx(0.1 - error, abs=0.2 * error)
    assert entry.high == pytest.approx(0.1 + error, abs=0.2 * error)


def test_references_are_marked_at_their_shots_and_stand_as_a_method() -> None:
    place = LOOKUP.places[-1]
    assert LOOKUP.references(place) == dict.fromkeys(("0", "1"), "popularity") | dict.fromkeys(
        ("3", "5", "10", "all"), "ease"
    )
    bars = [LOOKUP.at(place, "reference", shots) for shots in (*place.shots, "mean")]
    assert [bar.value for bar in bars if bar] == pytest.approx([0.1, 0.1, 0.15, 0.2, 0.25, 0.3, 0.2], rel=1e-6)
    assert all(bar and bar.is_reference for bar in bars)
    assert not STUDY.filter(method="ease", shots="mean")["is_reference"].any()


def test_the_gain_is_against_the_reference_of_each_number_of_shots() -> None:
    for shots in ("0", "1", "3", "all", "mean"):
        gain = LOOKUP.get("ta_feng", "next_visits", "hybrid", shots, "ndcg_gain")
        assert gain is not None
        assert [gain.value, gain.low, gain.high] == pytest.approx([0.15] * 3, rel=1e-5)
    difference = LOOKUP.get("ta_feng", "next_visits", "hybrid", "all", "ndcg_difference")
    assert difference is not None
    assert difference.value == pytest.approx(0.15 * 0.3, rel=1e-5)


def test_gains_agree_with_the_statistics() -> None:
    """A hybrid that is better for some and worse for others, through the summary and straight."""
    cells = [made_up_cell("popularity", [0.2] * 6), made_up_cell("hybrid", [0.25] * 6, role="ours")]
    mixed = pl.Series(np.where(np.arange(80) % 2, 1.2, 0.6), dtype=pl.Float32)
    values = cells[1].per_user.with_columns(pl.col(name) * mixed for name in cells[1].per_user.columns[1:])
    cells[1] = replace(cells[1], per_user=values, figures=figures_of(values))
    entry = Lookup(summary_of(cells)).get("ta_feng", "next_visits", "hybrid", "mean", "ndcg_gain")
    ours, bar = (cell.per_user.select("^ndcg_at_10/(1|3|5|10|all)$").to_numpy() for cell in cells[::-1])
    straight = relative_gain(ours, bar, 4_000)
    assert entry is not None
    assert entry.value == pytest.approx(straight.value, rel=1e-6)
    assert [entry.low, entry.high] == pytest.approx([straight.low, straight.high], abs=0.01)
    assert entry.low < entry.value < entry.high


def test_users_who_hang_on_the_seed_are_compared_where_both_methods_know_them() -> None:
    """Seed 0 asks the first half, seed 1 the second; the hybrid ran with seed 0 alone."""

    def asking(cell: Cell, first: int, last: int) -> Cell:
        known = pl.col("user").is_between(first, last - 1)
        values = cell.per_user.with_columns(pl.when(known).then(name).alias(name) for name in cell.per_user.columns[1:])
        return replace(cell, evaluate="validation", per_user=values, figures=figures_of(values))

    cells = [
        asking(made_up_cell("popularity", [0.2] * 6, seed=0), 0, 40),
        asking(made_up_cell("popularity", [0.3] * 6, seed=1), 40, 80),
        asking(made_up_cell("hybrid", [0.25] * 6, role="ours", seed=0), 0, 40),
    ]
    found = Lookup(summary_of(cells))
    gain = found.get("ta_feng", "next_visits", "hybrid", "mean", "ndcg_gain")
    assert gain is not None
    assert (gain.value, gain.users) == (pytest.approx(0.25, rel=1e-5), 40)
    popularity = found.get("ta_feng", "next_visits", "popularity", "3")
    assert popularity is not None
    everybody = np.concatenate([0.2 * tastes()[:40], 0.3 * tastes()[40:]])
    assert (popularity.value, popularity.users) == (pytest.approx(everybody.mean(), rel=1e-5), 80)


def test_tests_are_against_the_reference_and_the_reference_has_none() -> None:
    def p(method: str, shots: str) -> float | None:
        entry = LOOKUP.get("ta_feng", "next_visits", method, shots)
        return entry.p_value if entry else None

    assert p("ease", "1") == SMALLEST
    assert p("ease", "3") is None
    assert p("hybrid_no_virtual", "3") == 1.0  # equal to the reference for everybody
    assert p("hybrid", "3") == SMALLEST
    assert p("hybrid", "mean") is None


def test_holm_goes_over_all_tests_of_the_hybrid_and_over_each_placebos() -> None:
    tested = STUDY.filter(pl.col("p_holm").is_not_null())
    assert set(tested["method"]) == {"hybrid", "fill_popular"}
    hybrid = tested.filter(method="hybrid")
    assert len(hybrid) == 6 + 5
    np.testing.assert_allclose(hybrid["p_holm"], holm(hybrid["p_value"].to_list()))
    assert hybrid["p_holm"].to_list() == pytest.approx([11 * SMALLEST] * 11)
    placebo = tested.filter(method="fill_popular")
    assert placebo["shots"].to_list() == ["mean", "mean"]
    assert placebo["p_holm"].to_list() == pytest.approx([2 * SMALLEST] * 2)


def test_placebos_are_held_against_the_virtual_form_and_ablations_against_the_hybrid() -> None:
    over = LOOKUP.get("ta_feng", "next_visits", "fill_popular", "mean", "ndcg_gain_of_virtual_over_fill")
    without = LOOKUP.get("ta_feng", "next_visits", "hybrid_no_virtual", "mean", "ndcg_gain_over_hybrid")
    assert over is not None
    assert without is not None
    assert over.value == pytest.approx(0.9 / 0.7 - 1, rel=1e-5)
    assert without.value == pytest.approx(1 / 1.1 - 1, rel=1e-5)  # over seed 0, which both have


def test_a_placebo_names_what_it_is_held_against() -> None:
    cells = [
        made_up_cell("ease_virtual", [0.3] * 6, role="ours"),
        made_up_cell("user_knn_cosine_virtual", [0.4] * 6, role="ours"),
        made_up_cell("fill_ials", [0.2] * 6, role="placebo", settings={"compared_with": "ease_virtual"}),
        made_up_cell("fill_random", [0.2] * 6, role="placebo"),
    ]
    found = Lookup(summary_of(cells))
    gains = [
        found.get("ta_feng", "next_visits", name, "mean", "ndcg_gain_of_virtual_over_fill")
        for name in ("fill_ials", "fill_random")
    ]
    assert [gain.value for gain in gains if gain] == pytest.approx([0.5, 1.0], rel=1e-5)


def test_segments_have_figures_and_gains_of_their_own() -> None:
    place = LOOKUP.places[-1]
    assert place.segments == ("first_visit=1", "first_visit=2-3")
    entry = LOOKUP.at(place, "hybrid", "3", segment="first_visit=1")
    assert entry is not None
    assert entry.users == 40
    assert entry.value == pytest.approx(0.15 * 1.15 * tastes()[:40].mean(), rel=1e-5)
    gain = LOOKUP.at(place, "hybrid", "mean", "ndcg_gain", segment="first_visit=2-3")
    assert gain is not None
    assert gain.value == pytest.approx(0.15, rel=1e-5)
    methods = set(STUDY.filter(pl.col("segment").is_not_null())["method"])
    assert methods == {"hybrid", "reference", "user_knn_cosine", "user_knn_cosine_virtual"}


def test_segments_stand_in_their_order() -> None:
    names = ["10+", "2-3", "1", "4-9", "above 60", "30 to 60", "up to 30", "unknown", "north"]
    users = made_up_users().with_columns(segment_first_visit=pl.Series((names * 9)[:80]))
    cells = [made_up_cell("hybrid", [0.1] * 6, role="ours")]
    found = Lookup(
        build_summary(Results(Manifest("test", ()), tuple(cells), {("ta_feng", "next_visits"): users}, {}), 20)
    )
    ordered = [name.removeprefix("first_visit=") for name in found.places[0].segments]
    assert ordered == ["up to 30", "1", "2-3", "4-9", "10+", "30 to 60", "above 60", "north", "unknown"]


def test_users_are_counted_by_shots() -> None:
    counts = [
        LOOKUP.get("online_retail", "this_visit", "hybrid", shots) for shots in ("0", "1", "3", "5", "10", "mean")
    ]
    assert [entry.users for entry in counts if entry] == [80, 70, 60, 50, 40, 70]


def test_the_summary_is_a_function_of_the_cells(tmp_path: Path) -> None:
    cells = [*small_study(), *small_study("online_retail", "this_visit")]
    for name, order in (("a", 1), ("b", -1)):
        write_summary(write_made_up(tmp_path / name, cells[::order]), RESAMPLES)
    assert (tmp_path / "a" / "summary.parquet").read_bytes() == (tmp_path / "b" / "summary.parquet").read_bytes()
    assert read_summary(tmp_path / "a").equals(STUDY)


def test_few_methods_are_enough() -> None:
    alone = summary_of([made_up_cell("popularity", [0.1] * 6)])
    assert alone["p_value"].null_count() == len(alone)
    ours = summary_of([made_up_cell("hybrid", [0.1] * 6, role="ours")])
    assert not ours["is_reference"].filter(ours["method"] == "hybrid").any()
    assert "ndcg_gain" not in set(ours["metric"])


def test_a_folder_without_a_summary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="report=only"):
        read_summary(tmp_path)
