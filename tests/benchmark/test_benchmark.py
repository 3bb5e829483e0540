"""The engine on a small world, its workers in this process: what fails, what is kept, what time is too short for."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.benchmark.settings import BenchmarkSettings
from tasks.benchmark.tracked import tracked_benchmark
from tasks.benchmark.units import Measure
from tasks.results.store import read_manifest
from tasks.runs import Home
from tasks.runs.home import REPOSITORY
from tasks.tracking import TrackingSettings
from tasks.tracking.store import connect
from tests.benchmark.engine import CODE, Inside, files, run


def test_what_is_finished_is_neither_tuned_nor_computed_again(tmp_path: Path, inside: type[Inside]) -> None:
    first = run(tmp_path, inside)
    assert (first.computed, first.kept, first.failed, first.missing) == (6, 0, {}, [])
    before = files(tmp_path)
    inside.done.clear()
    again = run(tmp_path, inside)
    assert (again.computed, again.kept) == (0, 6)
    assert [type(unit).__name__ for unit in inside.done] == ["Survey"]
    assert files(tmp_path) == before
    assert not (tmp_path / "looks.jsonl").exists()


def test_another_number_of_trials_is_another_cell_but_for_what_is_not_tuned(
    tmp_path: Path, inside: type[Inside]
) -> None:
    run(tmp_path, inside)
    more = run(tmp_path, inside, trials=3)
    assert (more.computed, more.kept) == (4, 2)  # popularity has nothing to tune
    names = read_manifest(tmp_path).cells
    assert len(names) == 6  # those of two trials are no longer read


def test_a_failing_method_is_passed_over(tmp_path: Path, inside: type[Inside], monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.benchmark import worker

    measure = worker.measure_cell

    def brittle(bench: Any, method: Any, *more: Any) -> Any:
        if method.name == "rp3beta":
            raise ValueError("no such luck")
        return measure(bench, method, *more)

    with monkeypatch.context() as patched:
        patched.setattr("tasks.benchmark.worker.measure_cell", brittle)
        ended = run(tmp_path, inside)
    assert ended.computed == 4
    assert ended.failed == {
        ("block_world", "next_visits", "rp3beta", seed): "ValueError: no such luck" for seed in (0, 1)
    }
    assert len(read_manifest(tmp_path).cells) == 4
    traces = [path.read_text() for path in inside.home.logs.iterdir()]
    assert len(traces) == 2
    assert all("Traceback" in trace for trace in traces)
    mended = run(tmp_path, inside)
    assert (mended.computed, mended.kept, mended.failed) == (2, 4, {})


def test_a_tuning_that_fails_takes_only_what_needs_it_along(
    tmp_path: Path, inside: type[Inside], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.recommenders.user_knn import UserKNN

    def no(*_: object) -> None:
        raise ValueError("cannot be fitted")

    monkeypatch.setattr(UserKNN, "fit", no)
    ended = run(tmp_path, inside, methods=("user_knn_cosine", "user_knn_cosine_blend", "rp3beta"), seeds=1)
    assert ended.computed == 1
    failed = {cell[2]: reason for cell, reason in ended.failed.items()}
    assert failed.keys() == {"user_knn_cosine", "user_knn_cosine_blend"}
    assert all("user_knn_cosine could not be tuned" in reason for reason in failed.values())


def test_a_worker_that_dies_costs_one_cell(tmp_path: Path, inside: type[Inside]) -> None:
    inside.dies_at = "rp3beta"
    ended = run(tmp_path, inside, seeds=1)
    assert ended.computed == 2
    assert [cell[2] for cell in ended.failed] == ["rp3beta"]
    assert [len(unit.calls) for unit in inside.done if isinstance(unit, Measure)] == [3, 1]  # all, then what was left


def test_nothing_is_begun_when_the_budget_is_spent(tmp_path: Path, inside: type[Inside]) -> None:
    ended = run(tmp_path, inside, budget="0.0001s")
    assert ended.computed == 0
    assert len(ended.missing) == 6
    assert [type(unit).__name__ for unit in inside.done] == ["Survey"]
    later = run(tmp_path, inside)
    assert (later.computed, later.missing) == (6, [])


def test_one_look_at_test_users_is_written_down_per_benchmark_that_computes(
    tmp_path: Path, inside: type[Inside]
) -> None:
    run(tmp_path, inside, evaluate="test")
    (line,) = (tmp_path / "looks.jsonl").read_text().splitlines()
    assert json.loads(line)["reason"] == "benchmark"
    run(tmp_path, inside, evaluate="test")
    assert len((tmp_path / "looks.jsonl").read_text().splitlines()) == 1


def test_progress_counts_what_was_kept(tmp_path: Path, inside: type[Inside]) -> None:
    run(tmp_path, inside, seeds=1)
    told: list[tuple[int, int, str]] = []
    run(tmp_path, inside, lambda *now: told.append(now), seeds=2)
    assert [(done, planned) for done, planned, _ in told] == [(4, 6), (5, 6), (6, 6)]
    assert told[-1][2] == "0 of 6 cells left"


@pytest.mark.slow
def test_a_benchmark_that_is_killed_fails_in_mlflow_with_the_next_start(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from tasks.benchmark.settings import BenchmarkSettings
from tasks.benchmark.tracked import tracked_benchmark
from tasks.benchmark.tracked import tracked_benchmark
from tasks.runs import CodeState, Home
from tasks.tracking import TrackingSettings
settings = BenchmarkSettings(datasets=("block_world",), tracking=TrackingSettings(uri=sys.argv[2]))
with tracked_benchmark(settings, Home(Path(sys.argv[1])), CodeState("0", None, False), "benchmark-1") as parent:
    print(parent.id, flush=True)
    os.kill(os.getpid(), 9)
"""
    home, store = Home(tmp_path / "home"), f"sqlite:///{tmp_path}/elsewhere.db"
    asked = [sys.executable, "-c", code, str(tmp_path / "home"), store]
    killed = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, timeout=200)
    assert killed.returncode == -9, killed.stderr
    settings = TrackingSettings(uri=store)

    def status(run_id: str) -> str:
        return str(connect(settings, home).client.get_run(run_id).info.status)

    dead = killed.stdout.strip()
    assert status(dead) == "RUNNING"
    again = BenchmarkSettings(datasets=("block_world",), tracking=settings)
    with tracked_benchmark(again, home, CODE, "benchmark-2") as parent:
        assert status(dead) == "FAILED"
        assert parent.id is not None
        assert status(parent.id) == "RUNNING"
    assert status(parent.id) == "FINISHED"
