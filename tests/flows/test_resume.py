"""A run that was killed goes on where it stopped, and ends as if nothing had happened."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DataError
from tasks.runs import Home
from tasks.runs.home import REPOSITORY
from tests.flows.commands import QUICK, command, run_folder

COMMAND = ("dataset=block_world", *QUICK, "trainer.max_epochs=6", "trainer.validate_every=1", "metrics=[ndcg]")
EPOCH = re.compile(r"epoch (\d+): generator")


def state(run: str) -> dict[str, Any]:
    return json.loads((Home.current().runs / run / "state.json").read_text())


def summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


def epochs(log: str) -> list[int]:
    return [int(number) for number in EPOCH.findall(log)]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_as_an_uninterrupted_one(
    server: str, mlflow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.train", *COMMAND],
        cwd=REPOSITORY,
        env={**os.environ, "PREFECT_API_URL": server},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        seen = ""
        while "epoch 2: " not in seen:
            line = process.stderr.readline()
            assert line, f"it ended too early: {seen}"
            seen += line
        # Held, so that it is in the middle of training for as long as this takes.
        process.send_signal(signal.SIGSTOP)
        second = command("train", *COMMAND)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    (run,) = re.findall(r"Starting run (\S+)", seen)
    assert f"process {process.pid}" in second.error
    assert state(run)["status"] == "RUNNING"
    before = state(run)["mlflow_run_id"]
    assert mlflow.get_run(before).info.status == "RUNNING"

    resumed = command("train", *COMMAND)
    folder = run_folder(resumed)
    assert folder.name == run
    assert f"Resuming run {run}" in resumed.err
    first, *others = epochs(resumed.err)
    assert first >= 2
    assert others[: 5 - first] == list(range(first + 1, 6))
    assert summary(folder)["mlflow_run_id"] == before
    assert mlflow.get_run(before).info.status == "FINISHED"
    figures = [entry.step for entry in mlflow.get_metric_history(before, "loss/generator")]
    assert sorted(set(figures)) == list(range(6))

    # A finished key starts a new run; this one is stopped once more, in its refit.
    def out_of_luck(*_: object) -> None:
        raise DataError("the refit fails")

    with monkeypatch.context() as patched:
        patched.setattr("tasks.stages.refit.ship", out_of_luck)
        assert command("train", *COMMAND).error == "the refit fails"
    again = state(f"{run[:-1]}2")
    assert again["status"] == "FAILED"
    assert again["mlflow_run_id"] != before
    assert mlflow.get_run(again["mlflow_run_id"]).info.status == "FAILED"

    def once_more(*_: object) -> None:
        raise AssertionError("evaluated twice")

    with monkeypatch.context() as patched:
        patched.setattr("tasks.stages.evaluation_fit.measure", once_more)
        uninterrupted = run_folder(command("train", *COMMAND))
    assert uninterrupted.name == again["id"]
    assert summary(uninterrupted)["mlflow_run_id"] == again["mlflow_run_id"]
    assert summary(uninterrupted)["metrics"] == summary(folder)["metrics"]
    assert mlflow.get_run(again["mlflow_run_id"]).info.status == "FINISHED"
    for name in ("model/generator/generator.safetensors", "evaluation/generator/generator.safetensors"):
        assert (uninterrupted / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.slow
def test_resume_can_be_declined(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_luck(*_: object) -> None:
        raise DataError("the split fails")

    monkeypatch.setattr("tasks.stages.prepare.prepare", out_of_luck)
    started = []
    for resume in ("resume=true", "resume=true", "resume=false"):
        ended = command("train", "dataset=block_world", "seed=77", resume, *QUICK)
        assert ended.error == "the split fails"
        started += re.findall(r"(Starting|Resuming) run \S+-(\d+)$", ended.err, re.MULTILINE)
    assert started == [("Starting", "1"), ("Resuming", "1"), ("Starting", "2")]
