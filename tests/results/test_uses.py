"""Stored uses and their summary: known figures, what is ahead, who is the reference, and the page."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.errors import DataError
from tasks.reporting.results.page import write_page
from tasks.reporting.results.uses import uses_section
from tasks.results.store import read_manifest, write_manifest
from tasks.results.summary import write_summary
from tasks.results.used import Used, UsedKey, has_used, read_used, read_uses, write_used
from tasks.results.uses_summary import USES_SCHEMA, build_uses, write_uses_summary
from tasks.uses.use import frame_of
from tests.results.made_up import small_study, write_made_up

USERS = 60
SHOTS = ("0", "1", "3")
FIGURE = "ndcg_at_10_popular"


def used(
    method: str, values: Mapping[str, float], seed: int = 0, half_a: Mapping[str, float] | None = None, role: str = ""
) -> Used:
    """Every user's figure is the value times a taste of mean 1."""
    tastes = np.linspace(0.5, 1.5, USERS)
    frame = frame_of(np.arange(USERS), {f"{FIGURE}/{shots}": value * tastes for shots, value in values.items()})
    return Used(
        UsedKey("ta_feng", "next_visits", "rerank", method, seed, f"{seed:x}" * 64),
        split="temporal",
        role=role or ("ours" if method == "hybrid" else "baseline"),
        version=1,
        use_version=1,
        evaluate="test",
        trials=3,
        half_a={f"{FIGURE}/{shots}": value for shots, value in (half_a or values).items()},
        notes={},
        seconds={"fit": 1.0, "measure": 2.0},
        frame=frame,
    )


def study() -> list[Used]:
    """The hybrid is above the reference by 0.1 from one item on, as the mean of two seeds; equal without any."""
    return [
        used("popularity", {"0": 0.3, "1": 0.2, "3": 0.2}),
        used("user_knn_cosine", {"0": 0.3, "1": 0.25, "3": 0.4}, half_a={"0": 0.2, "1": 0.1, "3": 0.5}),
        used("random", {"0": 0.1, "1": 0.1, "3": 0.1}),
        used("hybrid", {"0": 0.3, "1": 0.2, "3": 0.4}, seed=0),
        used("hybrid", {"0": 0.3, "1": 0.4, "3": 0.6}, seed=1),
    ]


def row(summary: pl.DataFrame, method: str, shots: str) -> dict[str, float]:
    return summary.row(by_predicate=(pl.col("method") == method) & (pl.col("shots") == shots), named=True)


def test_what_is_written_is_read_and_whole(tmp_path: Path) -> None:
    one = study()[3]
    assert not has_used(tmp_path, one.key)
    name = write_used(tmp_path, one)
    assert name == "ta_feng/next_visits/rerank/hybrid/0-000000000000"
    assert has_used(tmp_path, one.key)
    assert not has_used(tmp_path, replace(one.key, digest="0" * 63 + "1"))
    read = read_used(tmp_path, name)
    assert read.frame.equals(one.frame)
    assert (read.key, read.half_a, read.role) == (one.key, one.half_a, "ours")
    (tmp_path / "uses" / f"{name}.json").unlink()
    assert not has_used(tmp_path, one.key)
    with pytest.raises(DataError, match="should be a measured use"):
        read_used(tmp_path, name)


def test_a_frame_says_what_it_should_be() -> None:
    with pytest.raises(ValueError, match="ascending"):
        replace(study()[0], frame=frame_of(np.array([2, 1]), {"auc/1": np.zeros(2)}))


def test_the_manifest_names_uses_and_old_ones_have_none(tmp_path: Path) -> None:
    write_made_up(tmp_path, small_study())
    assert read_manifest(tmp_path).uses == ()
    (tmp_path / "manifest.json").write_text('{"evaluate": "test", "cells": ["a"]}')
    assert read_manifest(tmp_path).uses == ()
    names = [write_used(tmp_path, one) for one in study()]
    write_manifest(tmp_path, "test", [], names)
    assert [one.key.name for one in read_uses(tmp_path)] == sorted(names)
    write_manifest(tmp_path, "validation", [], names)
    with pytest.raises(DataError, match="of another part"):
        read_uses(tmp_path)


def test_uses_of_cells_that_are_not_read_any_more_are_left_out(tmp_path: Path) -> None:
    names = [write_used(tmp_path, replace(one, cell=f"a/b/{one.key.method}/0-1")) for one in study()[:2]]
    write_manifest(tmp_path, "test", ["a/b/popularity/0-1"], names)
    assert [one.key.method for one in read_uses(tmp_path)] == ["popularity"]


def test_figures_references_and_what_the_hybrid_is_ahead_by() -> None:
    summary = build_uses(study(), 500)
    assert dict(summary.schema) == USES_SCHEMA
    hybrid, bar = row(summary, "hybrid", "mean"), row(summary, "reference", "mean")
    assert hybrid["value"] == pytest.approx(0.4, abs=1e-4)  # over seeds 0.3 and 0.5
    assert hybrid["ci_low"] < 0.4 < hybrid["ci_high"]
    assert hybrid["ahead"] is None
    # Half A prefers popularity at 0 and 1, and the filter at 3.
    assert [row(summary, "reference", shots)["value"] for shots in SHOTS] == pytest.approx([0.3, 0.2, 0.4], abs=1e-4)
    marks = summary.filter(pl.col("is_reference") & (pl.col("method") != "reference"))
    assert set(marks.select("method", "shots").rows()) == {
        ("popularity", "0"),
        ("popularity", "1"),
        ("user_knn_cosine", "3"),
    }
    assert bar["ahead"] == pytest.approx(0.1, abs=1e-4)
    assert 0.08 < bar["ahead_low"] < 0.1 < bar["ahead_high"] < 0.12
    assert row(summary, "random", "3")["ahead"] == pytest.approx(0.4, abs=1e-4)
    assert hybrid["n"] == USERS


def test_only_the_hybrid_against_the_reference_is_tested_and_corrected_over_shots() -> None:
    summary = build_uses(study(), 500)
    tested = summary.filter(pl.col("p_value").is_not_null())
    assert set(tested["method"]) == {"reference"}
    assert row(summary, "reference", "0")["p_value"] == 1.0
    for shots in ("1", "3"):
        own = row(summary, "reference", shots)
        assert own["p_value"] == pytest.approx(1 / 501)
        assert own["p_holm"] == pytest.approx(3 / 501)


def test_seeds_may_ask_other_users() -> None:
    """Where the split hangs on the seed, each seed knows some of the users."""
    one, other = used("hybrid", {"1": 0.4}, seed=0), used("hybrid", {"1": 0.4}, seed=1)
    first = replace(one, frame=one.frame.filter(pl.col("unit") < 40))
    second = replace(other, frame=other.frame.filter(pl.col("unit") >= 20))
    summary = build_uses([first, second], 100)
    assert row(summary, "hybrid", "1")["n"] == USERS
    assert row(summary, "hybrid", "1")["value"] == pytest.approx(0.4, abs=1e-4)


def test_without_a_hybrid_there_are_figures_all_the_same() -> None:
    summary = build_uses(study()[:3], 100)
    assert summary["ahead"].null_count() == len(summary)
    assert "no `hybrid` to be read" in uses_section(summary, "x {use}")


def test_the_section_says_what_the_figures_say() -> None:
    page = uses_section(build_uses(study(), 500), "python -m flows.benchmark uses=[{use}]")
    assert "python -m flows.benchmark uses=[rerank]" in page
    assert "| popularity | **0.3000†** | 0.2000† | 0.2000 |" in page
    assert "| hybrid | **0.3000** | **0.3000▲** | **0.5000▲** | **0.4000** |" in page
    assert "`hybrid` is significantly above the reference at s = 1, 3; over s ≥ 1 it is ahead by +0.1000 (+0.0" in page
    assert "Not measured: the use `audience`." in page


def test_explanations_are_told_one_by_one_and_judged() -> None:
    tastes = np.linspace(0.5, 1.5, USERS)
    told = {("contributions", "model"): 0.2, ("attention", "attention"): -0.1}
    columns = {
        f"{curve}_{explanation}_{scorer}/{shots}": value * tastes
        for (explanation, scorer), value in told.items()
        for curve in ("first", "deletion", "insertion")
        for shots in ("3", "5")
    }
    key = UsedKey("ta_feng", "next_visits", "faithfulness", "hybrid", 0, "0" * 64)
    one = replace(study()[3], key=key, half_a={}, frame=frame_of(np.arange(USERS), columns))
    summary = build_uses([one], 500)
    assert summary["p_holm"].null_count() == len(summary)
    page = uses_section(summary, "python -m flows.benchmark uses=[{use}]")
    holds = "| Contributions of known items | the score that recommends | hold | +0.200 (+0.1"
    assert holds in page
    misleads = "| Weights of attention to known items | the attention filter's own score | do not hold | −0.100 (−0.1"
    assert misleads in page
    assert "† is the reference" not in page
    assert "ta_feng: what later visits bring (next_visits)" in page


def test_the_page_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    folder = write_made_up(tmp_path, small_study())
    names = [write_used(folder, one) for one in study()]
    write_manifest(folder, "test", read_manifest(folder).cells, names)
    pages = []
    for _ in range(2):
        write_summary(folder, 200)
        write_uses_summary(folder, 200)
        written, *_ = write_page(folder, folder / "results.md", folder / "images", command="run report=only")
        pages.append(written.read_bytes())
    assert pages[0] == pages[1]
    assert "## Ordering a given list" in pages[0].decode()
    assert "run uses=[rerank]" in pages[0].decode()
