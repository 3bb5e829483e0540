"""Housekeeping: only what is old, needed by no registered model and held by nobody; and a kill in the middle."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tasks.errors import ConfigError
from tasks.ingestion.cache import cached
from tasks.pruning import removal
from tasks.pruning.prune import Pruned, prune
from tasks.pruning.settings import PruneSettings
from tasks.runs import Home, RunLock, RunState, RunStatus
from tasks.tracking import TrackingSettings, register_model, start_run
from tasks.tracking.store import connect

DAY = 86_400.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One store for all tests: making its tables takes seconds."""
    return Home(tmp_path_factory.mktemp("store"))


@pytest.fixture
def home(tmp_path: Path, store: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("COLDCART_CACHE", str(tmp_path / "cache"))
    return Home(tmp_path / "home")


def tracking(store: Home) -> TrackingSettings:
    return TrackingSettings(uri=f"sqlite:///{store.mlflow_database}")


def look(home: Home, store: Home, older_than: str = "30d", **options: Any) -> Pruned:
    return prune(PruneSettings(older_than, tracking=tracking(store), **options), home)


def write_run(
    home: Home, name: str, days: float, status: RunStatus = RunStatus.FINISHED, key: str = "", **changes: Any
) -> Path:
    folder = home.runs / name
    (folder / "stages" / "train").mkdir(parents=True)
    (folder / "stages" / "train" / "last.ckpt").write_bytes(b"0" * 2_000_000)
    (folder / "summary.json").write_text("{}")
    then = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    RunState(name, (key or name) * 8, status, created=then, updated=then, **changes).write(folder)
    return folder


def age(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text("x")
    then = time.time() - days * DAY
    for one in (path, *path.rglob("*")):
        os.utime(one, (then, then))
    return path


def names(found: list[Any]) -> list[str]:
    return sorted(one.path.name for one in found)


def test_nothing_is_removed_unless_that_is_asked_for(home: Home, store: Home) -> None:
    old, new = write_run(home, "old", 40), write_run(home, "new", 3)
    shown = look(home, store)
    assert (shown.applied, names(shown.going)) == (False, ["old"])
    assert shown.going[0].size >= 2_000_000
    assert old.is_dir()
    done = look(home, store, apply=True)
    assert (done.applied, names(done.going)) == (True, ["old"])
    assert not old.exists()
    assert new.is_dir()
    assert not home.trash.exists()
    assert look(home, store).going == []


def test_what_a_registered_model_comes_from_stays_but_for_its_checkpoints(home: Home, store: Home) -> None:
    settings = tracking(store)
    ids = {}
    for name in ("registered", "other"):
        with start_run(settings, store, name=name, experiment="coldcart/test", tags={"stage": "train"}) as run:
            run.log_text("{}", "model/format.json")
            ids[name] = run.id
            if name == "registered":
                register_model(run, "coldcart-test")
    folders = {name: write_run(home, name, 40, mlflow_run_id=run_id) for name, run_id in ids.items()}
    done = look(home, store, apply=True)
    assert names(done.going) == ["other", "stages"]
    assert [one.kept for one in done.kept] == ["a registered model comes from it"]
    assert (folders["registered"] / "summary.json").exists()
    assert not (folders["registered"] / "stages").exists()
    assert not folders["other"].exists()

    client = connect(settings, store).client
    assert client.get_run(ids["other"]).info.lifecycle_stage == "active"
    time.sleep(0.01)
    assert look(home, store, "0m").mlflow_runs == []
    shown = look(home, store, "0m", mlflow=True)
    assert ids["other"] in {run.id for run in shown.mlflow_runs}
    assert ids["registered"] not in {run.id for run in shown.mlflow_runs}
    look(home, store, "0m", mlflow=True, apply=True)
    assert client.get_run(ids["other"]).info.lifecycle_stage == "deleted"
    assert client.get_run(ids["registered"]).info.lifecycle_stage == "active"


def test_a_parent_stays_in_mlflow_as_long_as_one_of_its_children(home: Home, store: Home) -> None:
    settings, options = tracking(store), {"experiment": "coldcart/family", "tags": {"stage": "train"}}
    with start_run(settings, store, name="parent", **options) as parent:
        start_run(settings, store, name="child", parent_run_id=parent.id, **options)
    found = {run.name for run in look(home, store, "0m", mlflow=True).mlflow_runs}
    assert not found & {"parent", "child"}


def test_what_somebody_works_on_stays(home: Home, store: Home) -> None:
    running = write_run(home, "running", 40, RunStatus.RUNNING, key="a")
    sweep = write_run(home, "sweep-x-1", 40, RunStatus.RUNNING, key="b")
    trial = write_run(home, "trial", 40, stages={"sweep": {"id": "sweep-x-1", "trial": 0}})
    dead = write_run(home, "dead", 40, RunStatus.RUNNING, key="c")
    with RunLock(home.locks, "a" * 8), RunLock(home.locks, "b" * 8):
        done = look(home, store, apply=True)
    assert names(done.going) == ["dead"]
    assert {one.path.name: one.kept for one in done.kept} == {
        "running": "a process is at work on it",
        "sweep-x-1": "a process is at work on it",
        "trial": "a sweep at work counts it among its trials",
    }
    assert [path.exists() for path in (running, sweep, trial, dead)] == [True, True, True, False]


def test_a_run_that_was_taken_up_since_it_was_looked_at_stays(
    home: Home, store: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(home, "early", 40, RunStatus.KILLED, key="a")
    write_run(home, "late", 40, RunStatus.KILLED, key="b")
    found = look(home, store).going
    write = (home.runs / "early" / "state.json").read_text()
    (home.runs / "early" / "state.json").write_text(write.replace('"updated": "', '"updated": "2'))
    with RunLock(home.locks, "b" * 8):
        reasons = {one.path.name: removal.remove(one, home) for one in found}
    assert reasons == {"early": "it was gone on with", "late": "a process is at work on it"}


def test_caches_journals_and_logs(home: Home, store: Home, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "ta_feng"
    for name in ("old.zip", "new.zip", "held.zip"):
        cached(cache / name, lambda path: path.write_text("data") and None)
    for name in ("old.zip", "held.zip"):
        age(cache / name, 40)
    stranger = age(cache / "mine.csv", 40)
    generators = home.root / "benchmark" / "generators"
    for name in ("aa", "bb"):
        (generators / name).mkdir(parents=True)
        age(generators / name / "done.json", 40)
        age(generators / name, 40)
    age(home.root / "benchmark" / "studies" / "old.jsonl", 40)
    age(home.root / "benchmark" / "studies" / "new.jsonl", 0.5)
    age(home.logs / "error-1.log", 40)
    age(home.downloads / "old" / "model" / "format.json", 40)
    age(home.downloads / "old", 40)
    with FileLock(cache / ".held.zip.lock"), FileLock(generators / "bb.lock"):
        done = look(home, store, apply=True)
    assert names(done.going) == ["aa", "error-1.log", "old", "old.jsonl", "old.zip"]
    assert names(done.kept) == ["bb", "held.zip"]
    assert names([one for one in look(home, store, "1m").kept if one.kind == "study"]) == ["new.jsonl"]
    assert stranger.exists()
    assert sorted(path.name for path in cache.iterdir() if not path.name.startswith(".")) == [
        "held.zip",
        "held.zip.sha256",
        "mine.csv",
        "new.zip",
        "new.zip.sha256",
    ]


def test_kinds_can_be_chosen(home: Home, store: Home) -> None:
    write_run(home, "old", 40)
    age(home.logs / "error-1.log", 40)
    assert names(look(home, store, kinds=("log",)).going) == ["error-1.log"]


def test_a_kill_in_the_middle_leaves_nothing_half_there(
    home: Home, store: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write_run(home, "old", 40)

    def killed(path: Path, **_: Any) -> None:
        if path.exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(removal.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            look(home, store, apply=True)
    assert not old.exists()
    assert any(home.trash.iterdir())
    again = look(home, store, apply=True)
    assert again.going == []
    assert not home.trash.exists()


def test_settings_that_make_no_sense_are_refused(home: Home, store: Home) -> None:
    for wrong in ("30", 30, "soon", "-1d"):
        with pytest.raises(ValueError, match="older_than must be an age such as 30d"):
            PruneSettings(wrong)
    with pytest.raises(ConfigError, match=r"^tracking: what registered models need"):
        prune(PruneSettings("1d", tracking=TrackingSettings(enabled=False)), home)
