"""Comparisons: known differences, their intervals and p-values, and what cannot be compared."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tasks.comparison.compare import compare
from tasks.comparison.compared import ComparedRun, read_runs
from tasks.comparison.settings import CompareSettings
from tasks.comparison.shown import log_comparison, tables_of
from tasks.errors import ConfigError
from tasks.evaluation.statistics import holm
from tasks.reporting.tables import to_markdown
from tasks.runs import Home
from tasks.tracking import TrackingSettings
from tasks.tracking.store import connect
from tests.comparison.runs import SHOTS, USERS, write_run


def settings(*runs: Path, **options: Any) -> CompareSettings:
    return CompareSettings(tuple(map(str, runs)), **({"resamples": 2000} | options))


def read(tmp_path: Path, *runs: Path) -> tuple[ComparedRun, ...]:
    return read_runs(settings(*runs), Home(tmp_path))


def test_a_lift_is_found_with_its_interval_and_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    runs = (write_run(tmp_path / "plain"), write_run(tmp_path / "lifted", lift=0.03), write_run(tmp_path / "same"))
    rows = compare(read(tmp_path, *runs), settings(*runs))
    found = {(row.figure, row.run, row.shots): row for row in rows}
    assert len(found) == 2 * 2 * (len(SHOTS) + 1)
    for shots in ("1", "3", "all", "mean"):
        row = found["ndcg_at_10", 1, shots]
        assert row.difference == pytest.approx(0.03, abs=0.004)
        assert row.low < row.difference < row.high
        assert row.low > 0.02
        assert row.p == pytest.approx(1 / 2001)
        assert row.value - row.reference == pytest.approx(row.difference, abs=1e-6)
        assert row.users == USERS
    # Without any known event the two are the same but for noise.
    assert abs(found["ndcg_at_10", 1, "0"].difference) < 0.004
    for shots in (*SHOTS, "mean"):
        same = found["ndcg_at_10", 2, shots]
        assert (same.difference, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    # Holm goes over all runs and shots of a figure.
    own = [row for row in rows if row.figure == "ndcg_at_10"]
    assert [row.p_holm for row in own] == pytest.approx(list(holm([row.p for row in own])))


def test_the_mean_over_shots_is_that_of_means_over_users(tmp_path: Path) -> None:
    runs = read(tmp_path, write_run(tmp_path / "a"), write_run(tmp_path / "b", lift=0.1))
    (row,) = [row for row in compare(runs, settings("a", "b", figures=("ndcg_at_10",))) if row.shots == "mean"]
    own = runs[1].per_user.filter((pl.col("method") == "user_knn_cosine_virtual") & (pl.col("shots") != "0"))
    assert row.value == pytest.approx(own.group_by("shots").agg(pl.col("ndcg_at_10").mean())["ndcg_at_10"].mean())


def test_any_method_of_the_runs_can_be_compared(tmp_path: Path) -> None:
    runs = (write_run(tmp_path / "a"), write_run(tmp_path / "b", lift=0.1))
    rows = compare(read(tmp_path, *runs), settings(*runs, method="popularity"))
    assert all(abs(row.difference) < 0.01 for row in rows)
    with pytest.raises(ConfigError, match=r"^method: run a has popularity, user_knn_cosine_virtual; got 'ease'"):
        compare(read(tmp_path, *runs), settings(*runs, method="ease"))
    with pytest.raises(ConfigError, match=r"^figures: run a has ndcg_at_10, hit_rate_at_10; got 'map_at_10'"):
        compare(read(tmp_path, *runs), settings(*runs, figures=("map_at_10",)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": "rest"}, r"differ in question \(next_visits and rest\)"),
        ({"configuration": {"split": {"first_cut": "40%"}}}, r"differ in split; only runs"),
        (
            {"configuration": {"split": {}}, "choices": {"split": "user_holdout"}},
            r"split \(temporal and user_holdout\)",
        ),
        ({"configuration": {"dataset": {"users": 700}}}, r"differ in dataset; only runs"),
        ({"users": 300, "seed": 1}, r"differ in validation users \(split=temporal draws them by the seed, 0 and 1\)"),
    ],
)
def test_runs_that_were_asked_something_else_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    runs = (write_run(tmp_path / "a"), write_run(tmp_path / "b", **changes))
    with pytest.raises(ConfigError, match=message) as raised:
        read(tmp_path, *runs)
    assert "\n" not in str(raised.value)


def test_another_seed_of_the_model_and_another_place_are_no_difference(tmp_path: Path) -> None:
    assert len(read(tmp_path, write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=1))) == 2


def test_what_is_no_finished_run_is_named(tmp_path: Path) -> None:
    run, empty = write_run(tmp_path / "a"), tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigError, match=r"empty has no summary\.json: it is no finished training run"):
        read(tmp_path, run, empty)
    with pytest.raises(ConfigError, match=r"^run_ids: .*nothing.* is no MLflow run id"):
        read(tmp_path, run, tmp_path / "nothing")
    with pytest.raises(ValueError, match="at least two different runs"):
        settings(run, run)


def test_a_comparison_is_a_run_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    runs = (write_run(tmp_path / "a"), write_run(tmp_path / "b", lift=0.03))
    asked = settings(*runs)
    read_ = read(tmp_path, *runs)
    rows = compare(read_, asked)
    ndcg, hit_rate = tables_of(read_, rows, asked)
    assert ndcg.title.startswith("NDCG@10, what later visits bring (next_visits): each run minus a")
    assert {ndcg.rows[place][1] for place, _ in ndcg.strong} == {"1", "3", "all", "mean, s ≥ 1"}
    assert not hit_rate.strong

    run_id = log_comparison(read_, rows, asked, home)
    client = connect(TrackingSettings(), home).client
    assert run_id is not None
    logged = client.get_run(run_id)
    assert logged.info.run_name == "compare a | b"
    assert logged.data.tags["stage"] == "compare"
    assert logged.data.metrics["difference/run_1/ndcg_at_10/mean"] == pytest.approx(0.03, abs=0.004)
    names = {artifact.path for artifact in client.list_artifacts(run_id)}
    plots = {"differences_ndcg_at_10.png", "differences_hit_rate_at_10.png"}
    assert names == {"comparison.md", "comparison.csv"} | plots
    assert to_markdown(ndcg) in logged.data.tags["mlflow.note.content"]
    table = pl.read_csv(Path(client.download_artifacts(run_id, "comparison.csv", str(tmp_path))))
    assert table.height == len(rows)
    assert np.isclose(table["difference"].to_numpy(), [row.difference for row in rows]).all()
    assert log_comparison(read_, rows, settings(*runs, tracking=TrackingSettings(enabled=False)), home) is None
