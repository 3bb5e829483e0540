import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.errors import DataError
from tasks.results.store import (
    has_cell,
    read_cell,
    read_manifest,
    read_results,
    write_cell,
    write_cost,
    write_manifest,
    write_users,
)
from tests.results.made_up import made_up_cell, made_up_users, small_study, write_made_up

CELL = made_up_cell(
    "hybrid",
    [0.1] * 6,
    role="ours",
    seed=3,
    settings={"layers": (8, 8), "fallback": {"form": "popularity"}, "weight": np.float32(0.5)},
    shares=[{"shots": "3", "score": "generator", "share": 0.21}],
    edges=["neighbours"],
)


def test_a_cell_is_read_as_it_was_written(tmp_path: Path) -> None:
    name = write_cell(tmp_path, CELL)
    assert name == "ta_feng/next_visits/hybrid/3-333333333333"
    read = read_cell(tmp_path, name)
    assert read.per_user.equals(CELL.per_user)
    assert (read.key, read.role, read.trials, read.seconds) == (CELL.key, "ours", 3, CELL.seconds)
    assert read.settings == {"layers": [8, 8], "fallback": {"form": "popularity"}, "weight": 0.5}
    assert list(read.figures) == list(CELL.figures)
    assert (read.shares, read.edges) == (tuple(CELL.shares), ("neighbours",))


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    names = [write_cell(tmp_path / place, CELL) for place in ("a", "b")]
    for ending in (".parquet", ".figures.parquet", ".json"):
        first, second = ((tmp_path / place / "cells" / (names[0] + ending)).read_bytes() for place in ("a", "b"))
        assert first == second


def test_figures_that_are_not_known_come_back_as_nan(tmp_path: Path) -> None:
    unknown = replace(CELL, half_a={"0": math.nan, "mean": 0.5})
    read = read_cell(tmp_path, write_cell(tmp_path, unknown))
    assert math.isnan(read.half_a["0"])
    assert read.half_a["mean"] == 0.5
    assert "NaN" not in (tmp_path / "cells" / f"{CELL.key.name}.json").read_text()


def test_a_cell_without_notes_is_unfinished(tmp_path: Path) -> None:
    name = write_cell(tmp_path, CELL)
    assert has_cell(tmp_path, CELL.key)
    assert not has_cell(tmp_path, replace(CELL.key, digest="4" * 64))
    assert not has_cell(tmp_path, replace(CELL.key, digest="3" * 63 + "4"))  # the same name, another cell
    (tmp_path / "cells" / f"{name}.json").unlink()
    assert not has_cell(tmp_path, CELL.key)
    with pytest.raises(DataError, match=r"3-333333333333 should be a finished cell .* run the benchmark again"):
        read_cell(tmp_path, name)


def test_values_per_user_of_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match="user \\(Int32\\)"):
        replace(CELL, per_user=CELL.per_user.with_columns(pl.col("user").cast(pl.Int64)))
    with pytest.raises(ValueError, match="recall_at_10/3"):
        replace(CELL, per_user=CELL.per_user.rename({"ndcg_at_10/3": "recall_at_10/3"}))


def test_users_are_numbered_from_zero(tmp_path: Path) -> None:
    write_users(tmp_path, "ta_feng", "next_visits", made_up_users())
    with pytest.raises(ValueError, match="0 …"):
        write_users(tmp_path, "ta_feng", "next_visits", made_up_users().reverse())


def test_the_manifest_names_a_set(tmp_path: Path) -> None:
    write_manifest(tmp_path, "test", ["b", "a", "b"])
    assert read_manifest(tmp_path).cells == ("a", "b")
    with pytest.raises(DataError, match="run the benchmark first"):
        read_manifest(tmp_path / "elsewhere")


def test_a_set_of_results_is_what_the_manifest_names(tmp_path: Path) -> None:
    write_made_up(tmp_path, small_study())
    write_cell(tmp_path, made_up_cell("rp3beta", [0.1] * 6))  # finished, and not named
    results = read_results(tmp_path)
    assert "rp3beta" not in {cell.key.method for cell in results.cells}
    assert len(results.cells) == len(small_study())
    assert results.users["ta_feng", "next_visits"].equals(made_up_users())
    assert results.environment["hardware"]["cores"] == 2


def test_costs_are_noted_one_by_one(tmp_path: Path) -> None:
    write_made_up(tmp_path, small_study())
    assert read_results(tmp_path).cost == {}
    write_cost(tmp_path, training_seconds=412.0)
    write_cost(tmp_path, scoring_milliseconds=3.5)
    assert read_results(tmp_path).cost == {"training_seconds": 412.0, "scoring_milliseconds": 3.5}


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_made_up(tmp_path, small_study())
    write_manifest(tmp_path, "validation", read_manifest(tmp_path).cells)
    with pytest.raises(DataError, match="speaks of validation"):
        read_results(tmp_path)
    write_manifest(tmp_path, "test", read_manifest(tmp_path).cells)
    write_users(tmp_path, "ta_feng", "next_visits", made_up_users(81))
    with pytest.raises(DataError, match="should hold the 81 users"):
        read_results(tmp_path)
