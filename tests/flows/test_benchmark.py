"""The benchmark from the command line: small, killed, resumed, reported again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tasks.runs.home import REPOSITORY

METHODS = "methods=[popularity,user_knn_cosine,rp3beta]"
WORLD = ("datasets=[block_world]", "questions=[next_visits]", 'overrides=["dataset.users=1500"]')


def command(output: Path, *more: str) -> list[str]:
    settings = (*WORLD, METHODS, "trials=2", "seeds=2", "evaluate=validation", "tracking=off", "workers=1")
    return [sys.executable, "-m", "flows.benchmark", *settings, f"output={output}", *more]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "COLDCART_HOME": str(home), "OMP_NUM_THREADS": "1"}


def run(output: Path, home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(output, *more),
        cwd=REPOSITORY,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def cells(output: Path) -> dict[str, tuple[int, bytes]]:
    """Finished cells: the notes beside the values are written last."""
    files = sorted(notes.with_suffix(".parquet") for notes in (output / "cells").rglob("*.json"))
    return {path.relative_to(output).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.mark.slow
def test_killed_and_resumed_and_reported(tmp_path: Path) -> None:
    output, home = tmp_path / "results", tmp_path / "home"
    process = subprocess.Popen(
        command(output), cwd=REPOSITORY, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 200
    while not cells(output) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = cells(output)
    assert finished
    done = run(output, home)
    assert done.returncode == 0, done.stderr
    after = cells(output)
    assert len(after) == 6
    assert {name: after[name] for name in finished} == finished
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["evaluate"] == "validation"
    assert len(manifest["cells"]) == 6
    assert (output / "tuned" / "block_world" / "next_visits.yaml").is_file()

    page, summary = (output / "results.md").read_bytes(), pl.read_parquet(output / "summary.parquet")
    again = run(output, home, "report=only")
    assert again.returncode == 0, again.stderr
    assert (output / "results.md").read_bytes() == page
    assert pl.read_parquet(output / "summary.parquet").equals(summary)
    assert cells(output) == after
    means = summary.filter(
        (pl.col("metric") == "ndcg") & (pl.col("k") == 10) & (pl.col("shots") == "mean") & pl.col("seed").is_null()
    )
    values = dict(zip(means["method"], means["value"], strict=False))
    # Who shares a block holds the same items: neighbours know, popularity does not.
    assert values["user_knn_cosine"] > 2 * values["popularity"]
    assert values["rp3beta"] > 2 * values["popularity"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("methods=[eaze]", "Did you mean 'ease'?"),
        ("trials=0", "trials"),
        ("datasets=[nowhere]", "'nowhere' is not one of"),
        ("budget=soon", "must be a time such as 8h"),
        ("recommendations=missing.csv", "there is no file missing.csv"),
    ],
)
def test_bad_input_ends_in_one_line(given: str, said: str, tmp_path: Path) -> None:
    done = run(tmp_path / "results", tmp_path / "home", given)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_report_without_results_says_so(tmp_path: Path) -> None:
    done = run(tmp_path / "results", tmp_path / "home", "report=only")
    assert done.returncode == 1
    assert len([line for line in done.stderr.splitlines() if line.startswith("error:")]) == 1
