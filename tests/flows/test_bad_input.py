"""Whatever is wrong with the input: one clear line, exit code 1, a failed run where one could start, nothing lost."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tasks.runs import Home
from tests.flows.commands import QUICK, command, run_folder

HEADER = "user_id,item_id,timestamp\n"
ROW = "u1,i1,2001-01-01\n"


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "log.csv").write_bytes(content.encode(encoding))
        return folder / "log.csv"

    return write


def parquet(**columns: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pl.DataFrame(columns).write_parquet(folder / "log.parquet")
        return folder / "log.parquet"

    return write


BAD_LOGS = {
    "an empty file": (text(""), (), ["log.csv", "empty"]),
    "a header and nothing else": (text(HEADER), (), ["log.csv"]),
    "a missing column": (text("user_id,product\nu1,i1\n"), (), ["log.csv", "item_id", "product"]),
    "a named column that is missing": (
        text(HEADER + ROW),
        ("dataset.columns.quantity=pieces",),
        ["log.csv", "pieces"],
    ),
    "times that are none": (
        text(HEADER + "u1,i1,soon\nu2,i1,later\n"),
        (),
        ["log.csv", "timestamp", "'soon'", "dataset.time_format"],
    ),
    "ids of a wrong type": (parquet(user_id=[True, False], item_id=["a", "b"]), (), ["log.parquet", "user_id", "Bool"]),
    "numbers that are none": (
        text("user_id,item_id,pieces\nu1,i1,many\n"),
        ("dataset.columns.quantity=pieces",),
        ["log.csv", "pieces"],
    ),
    "nothing left after cleaning": (
        text("user_id,item_id,pieces\nu1,i1,-1\nu2,i1,0\n"),
        ("dataset.columns.quantity=pieces",),
        ["log.csv", "quantity"],
    ),
    "text that is not UTF-8": (
        text("user_id,item_id\nu1,\xe9\n", "latin-1"),
        (),
        ["log.csv", "UTF-8", "dataset.encoding", "latin-1"],
    ),
    "rows of different lengths": (text("user_id,item_id\nu1,i1\nu2,i2,3,4\n"), (), ["log.csv"]),
    "no Parquet behind the name": (
        lambda folder: text(HEADER + ROW)(folder).rename(folder / "log.parquet"),
        (),
        ["log.parquet"],
    ),
    "no such file": (lambda folder: folder / "none.csv", (), ["none.csv", "dataset.path"]),
}


def runs() -> set[str]:
    folder = Home.current().runs
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@pytest.mark.parametrize("case", BAD_LOGS)
def test_what_is_wrong_with_a_log_is_named(case: str, tmp_path: Path) -> None:
    make, settings, named = BAD_LOGS[case]
    ended = command("inspect", "dataset=file", f"dataset.path={make(tmp_path)}", *settings)
    assert all(part in ended.error for part in named), ended.error
    assert ended.out == ""


@pytest.mark.slow
@pytest.mark.parametrize("case", ["an empty file", "times that are none", "nothing left after cleaning"])
def test_a_run_on_a_bad_log_has_failed(case: str, server: str, mlflow: Any, tmp_path: Path) -> None:
    make, settings, named = BAD_LOGS[case]
    # The path is not in a run's key, and these logs have no content that could be: another seed is another run.
    seed = f"seed={1000 + list(BAD_LOGS).index(case)}"
    before = runs()
    ended = command("train", "dataset=file", f"dataset.path={make(tmp_path)}", seed, *QUICK, *settings)
    assert all(part in ended.error for part in named), ended.error
    (run,) = runs() - before
    assert failures(mlflow, run) == [ended.error[:250]]
    assert not (Home.current().runs / run / "model").exists()


@pytest.mark.slow
def test_a_log_without_new_users_fails_the_run(server: str, mlflow: Any, tmp_path: Path) -> None:
    log = text(HEADER + ROW + "u1,i2,2001-01-02\n")(tmp_path)
    before = runs()
    said = command("train", "dataset=file", f"dataset.path={log}", *QUICK).error
    assert "user" in said
    (run,) = runs() - before
    assert failures(mlflow, run) == [said[:250]]
    # Such a log can be counted all the same, and the advice says what is wrong.
    assert "cannot be evaluated" in command("inspect", "dataset=file", f"dataset.path={log}").out


def failures(mlflow: Any, run: str) -> list[str]:
    """Why the MLflow runs of a run failed, without the kind of error and where it was cut off."""
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    found = mlflow.search_runs(experiments, f"tags.run_id = '{run}'")
    assert {one.info.status for one in found} == {"FAILED"}
    return [one.data.tags["failure"].partition(": ")[2][:250] for one in found]


BAD_WORDS = {
    "a key that is none": ("trainer.max_epoch=3", ["trainer.max_epoch"]),
    "a key that is none, forced": ("+trainer.max_epoch=3", ["trainer.max_epoch", "max_epochs"]),
    "an option that is none": ("loss=hinges", ["loss", "hinges", "hinge"]),
    "a value of a wrong type": ("seed=many", ["seed", "many"]),
    "a value out of range": ("trainer.max_epochs=0", ["trainer", "max_epochs"]),
    "a baseline that is none": ("baselines=[fame]", ["fame", "popularity"]),
    "no key and value": ("hello", ["hello", "key=value"]),
    "several values": ("seed=1,2", ["seed=1,2", "-m"]),
    "code to run": ("dataset._target_=os.system", ["_target_"]),
    "code to run, nested": ("dataset={columns: {_target_: os.system}}", ["_target_"]),
    "code to run, appended": ("+loss.inner._target_=os.system", ["_target_"]),
    "the environment": ("dataset.path=${oc.env:HOME}", ["${"]),
    "the environment, nested": ("+dataset={columns: {user: '${oc.env:HOME}'}}", ["${"]),
    "the environment in quotes": ("dataset.path='${oc.env:HOME}'", ["${"]),
    "a file without a path": ("dataset=file", ["dataset.path"]),
    "a file that is none": (("dataset=file", "dataset.path=none.csv"), ["none.csv", "dataset.path"]),
    "features that are none": (
        ("dataset=file", f"dataset.path={__file__}", "dataset.user_features=none.csv"),
        ["none.csv", "dataset.user_features"],
    ),
    "a database that is none": ("dataset=sql", ["dataset.uri"]),
}


def started(*_: object, **__: object) -> None:
    raise AssertionError("a server was started for it")


@pytest.mark.parametrize("case", BAD_WORDS)
def test_bad_words_are_refused_before_anything_starts(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, named = BAD_WORDS[case]
    before = runs()
    monkeypatch.setattr("flows.train.prefect_server", started)
    ended = command("train", "dataset=block_world", *([words] if isinstance(words, str) else words))
    assert all(part in ended.error for part in named), ended.err
    assert os.environ["HOME"] not in ended.err
    assert runs() == before


@pytest.mark.slow
def test_losses_that_are_not_finite_end_the_run_and_leave_earlier_ones(server: str, mlflow: Any) -> None:
    world = ("dataset=block_world", *QUICK)
    earlier = run_folder(command("train", *world, "refit=false"))
    digests, before = digests_of(earlier), runs()
    said = command("train", *world, "network.objective.generator_rate=1e30", "network.objective.clip=1e30").error
    assert "finite" in said
    assert "loss" in said
    (run,) = runs() - before
    assert failures(mlflow, run) == [said[:250]]
    assert digests_of(earlier) == digests


def digests_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_a_full_disk_while_caching(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = text("user_id,item_id\nu1,\xe9\n", "latin-1")(tmp_path)
    cache = tmp_path / "cache"
    monkeypatch.setenv("COLDCART_CACHE", str(cache))

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tasks.ingestion.cache._to_disk", full)
    said = command("train", "dataset=file", f"dataset.path={log}", "dataset.encoding=latin-1", "tracking=off").error
    assert "disk is full" in said
    assert str(cache) in said
    assert "COLDCART_CACHE" in said
    assert not [path for path in cache.rglob("*.csv") if path.is_file()]


@pytest.mark.slow
def test_a_tracking_store_that_does_not_answer(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    said = command("train", "dataset=block_world", *QUICK, "tracking.uri=http://127.0.0.1:9").error
    assert "http://127.0.0.1:9" in said
    assert "tracking=off" in said


@pytest.mark.slow
def test_the_other_runs_of_a_sweep_go_on_after_an_error(server: str) -> None:
    earlier = runs()
    ended = command("train", "-m", "dataset=file,block_world", "seed=3", "refit=false", *QUICK)
    assert ended.code == 1
    (said,) = [line for line in ended.err.splitlines() if "name it with dataset.path=" in line]
    assert "dataset=file" in said
    assert "job 2 of 2: dataset=block_world" in ended.err
    # Beside the sweep's own folder there is that of the one job that could run.
    assert len([run for run in runs() - earlier if run.startswith("block_world")]) == 1
    assert "Traceback" not in ended.err
