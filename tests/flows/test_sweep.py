"""Sweeps as they are typed: killed and gone on with, failing in part, refused."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.config import RunConfig
from tasks.errors import DataError
from tasks.runs import Home
from tasks.runs.home import REPOSITORY
from tasks.stages.prepare import Prepared, prepare
from tests.flows.commands import QUICK, command

SHORT = ("dataset=block_world", *QUICK, "refit=false", "metrics=[ndcg]", "hybrid=none")
# Other worlds: runs of the same settings would be each other's second.
SETTINGS = json.dumps((*SHORT, "dataset.users=1250"), separators=(",", ":"))
SWEEP = ("+sweep=demo", "sweep.workers=1", f"sweep.overrides={SETTINGS}")
MULTIRUN = ("-m", *SHORT, "dataset.users=1200")
VARIED = ("loss=relativistic,hinge", "seed=0,1,2")
NAMES = [f"loss={loss} · seed={seed}" for loss in ("relativistic", "hinge") for seed in (0, 1, 2)]


def parents(mlflow: Any, sweep: str) -> list[Any]:
    found = mlflow.search_experiments()
    runs = mlflow.search_runs([one.experiment_id for one in found], f"tags.sweep = '{sweep}'", max_results=1000)
    return [run for run in runs if run.data.tags["stage"] == "sweep"]


def children(mlflow: Any, parent: Any) -> list[Any]:
    where = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    return mlflow.search_runs([parent.info.experiment_id], where, order_by=["attributes.start_time"])


def trials(folder: Path) -> dict[str, Any]:
    stages = json.loads((folder / "state.json").read_text())["stages"]
    return {name: payload for name, payload in stages.items() if name.startswith("trial ")}


def killed_at_third(server: str, flow: str, *arguments: str) -> Path:
    """Start a command, and kill it without warning in the middle of its third job; returns the sweep's folder."""
    runs = Home.current().runs
    before = {path.parent for path in runs.glob("*/state.json")}
    process = subprocess.Popen(
        [sys.executable, "-m", f"flows.{flow}", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PREFECT_API_URL": server},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 240
        while True:
            assert process.poll() is None, "it ended too early"
            assert time.monotonic() < deadline
            training = {path.parents[1] for path in runs.glob("*/stages/train")} - before
            folders = {path.parent for path in runs.glob("*/state.json")} - before
            (sweep, *_) = [path for path in folders if path.name.startswith(("sweep-", "multirun-"))] or [None]
            if sweep is not None and "trial 2" in trials(sweep) and len(training) == 3:
                return sweep
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("flow", "arguments", "sweep"),
    [("sweep", SWEEP, "demo"), ("train", (*MULTIRUN, *VARIED), "multirun")],
    ids=["optuna", "basic"],
)
def test_a_sweep_killed_at_its_third_job_ends_with_six_children_none_run_twice(
    server: str, mlflow: Any, flow: str, arguments: tuple[str, ...], sweep: str
) -> None:
    folder = killed_at_third(server, flow, *arguments)
    noted = trials(folder)
    assert [payload["state"] for payload in noted.values()] == ["COMPLETE", "COMPLETE", "RUNNING"]

    again = command(flow, *arguments)
    assert again.code == 0, again.err
    assert json.loads((folder / "state.json").read_text())["status"] == "FINISHED"
    assert {payload["state"] for payload in trials(folder).values()} == {"COMPLETE"}

    (parent,) = [run for run in parents(mlflow, sweep) if run.data.tags["run_id"] == folder.name]
    assert parent.info.status == "FINISHED"
    own = children(mlflow, parent)
    assert [run.info.run_name for run in own] == NAMES
    assert {run.info.status for run in own} == {"FINISHED"}
    for run, name in zip(own, NAMES, strict=True):
        tags = run.data.tags
        assert f"loss={tags['loss']} · seed={tags['seed']}" == name
        assert (tags["sweep"], tags["sweep_id"]) == (sweep, folder.name)
    # None was run twice: the finished ones kept their runs, and every trial has one run folder.
    first = [payload["mlflow_run_id"] for payload in noted.values() if payload["state"] == "COMPLETE"]
    assert [run.info.run_id for run in own[:2]] == first
    folders = [run.data.tags["run_id"] for run in own]
    assert len(set(folders)) == 6
    assert all(name.endswith("-1") for name in folders)

    values = {run.info.run_id: run.data.metrics for run in own}
    objective = "val_a/next_visits/user_knn_cosine_virtual/ndcg_at_10/mean"
    best = max(values, key=lambda one: values[one][objective])
    assert parent.data.tags["best_run_id"] == best
    assert parent.data.metrics[objective] == pytest.approx(values[best][objective])
    assert parent.data.metrics["trials/complete"] == 6
    kept = {path.path for path in mlflow.list_artifacts(parent.info.run_id)}
    assert kept == {"trials.md", "trials.csv", "objective_by_parameters.png"}
    assert again.out.count(" finished ") == 6
    assert f"best child {best}" in again.out

    # A finished sweep starts anew.
    assert folder.name.endswith("-1")


@pytest.mark.slow
def test_failed_jobs_are_recorded_and_passed_over(server: str, mlflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_luck(ingested: Any, config: RunConfig) -> Prepared:
        if config.seed == 1:
            raise DataError("the split fails")
        return prepare(ingested, config)

    monkeypatch.setattr("tasks.stages.prepare.prepare", out_of_luck)
    ended = command("train", *MULTIRUN, "seed=0,1,-2,3", "loss=least_squares")
    assert ended.code == 1
    assert "job 2 of 4 failed, going on without it: the split fails" in ended.err
    assert re.search(r"job 3 of 4 failed, going on without it: seed: .*greater than or equal to 0", ended.err)
    (parent,) = [run for run in parents(mlflow, "multirun") if run.info.run_name == "multirun seed=0,1,-2,3"]
    # What could not even be composed never became a run.
    assert [run.info.status for run in children(mlflow, parent)] == ["FINISHED", "FAILED", "FINISHED"]
    assert parent.info.status == "FINISHED"
    assert (parent.data.metrics["trials/complete"], parent.data.metrics["trials/fail"]) == (2, 2)
    failed = trials(Home.current().runs / parent.data.tags["run_id"])["trial 1"]
    assert failed["reason"] == "the split fails"
    assert failed["mlflow_run_id"] == children(mlflow, parent)[1].info.run_id


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), r"sweep: choose one with \+sweep=<name>; there is .*demo"),
        (("+sweep=dmo",), r"sweep can be .*demo.*'dmo'"),
        (("+sweep=demo", "sweep.trails=3"), r"sweep\.trails: there is no such setting"),
        (("+sweep=demo", "sweep.trials=0"), r"sweep\.trials: must be at least 1, got 0"),
        (("+sweep=demo", "sweep.sampler=tpe"), r"sweep\.trials: must be a number with sampler=tpe"),
        (("+sweep=demo", "sweep.metric=test/x"), r"sweep\.metric: must be a figure of half A"),
        (("+sweep=demo", "evaluate=test"), r"evaluate: a sweep .* never looks at test users"),
        (("+sweep=demo", "register=true"), r"register: a sweep registers nothing"),
        (("+sweep=demo", "sweep.space={loss: {choices: [hinje]}}"), r"sweep\.space\.loss: loss can be hinge.*'hinje'"),
        (("+sweep=demo", "seeed=1"), r"seeed: there is no such setting"),
    ],
)
def test_what_cannot_be_swept_is_said_before_anything_starts(arguments: tuple[str, ...], message: str) -> None:
    assert re.search(message, command("sweep", *arguments).error)


def test_the_space_can_be_looked_at() -> None:
    shown = command("sweep", "+sweep=losses", "--cfg", "job")
    assert shown.code == 0
    assert "loss.gamma" in shown.out
