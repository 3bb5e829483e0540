"""Runs whose process is gone, wherever they were tracked."""

from pathlib import Path

from tasks.config import load_config
from tasks.runs import Home, open_run
from tasks.runs.state import RunState, RunStatus
from tasks.stages.dead_runs import end_dead_runs, tracking_of, write_configuration
from tasks.tracking import TrackingSettings, start_run


def test_a_dead_run_fails_in_the_store_it_was_tracked_in(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    config = load_config(["dataset=block_world", f"tracking.uri='sqlite:///{tmp_path}/elsewhere.db'"])
    run = open_run(home, "a" * 64, name="dead")
    write_configuration(run.folder, config)
    tracked = start_run(config.tracking, home, name="dead", experiment="x", tags={})
    run.set_mlflow_run(tracked.id)
    assert end_dead_runs(home) == []  # it lives: this process holds its lock
    # A process that is killed leaves its lock and its state as they are.
    run._lock._stop.set()
    (home.locks / f"{'a' * 64}.json").unlink()
    (state,) = end_dead_runs(home)
    assert state.status is RunStatus.FAILED
    assert RunState.read(run.folder).status is RunStatus.FAILED
    info = tracked.store.client.get_run(tracked.id)  # type: ignore[attr-defined]
    assert info.info.status == "FAILED"
    assert "its process ended without a word" in info.data.tags["failure"]
    assert end_dead_runs(home) == []


def test_a_run_that_does_not_say_where_was_tracked_in_the_default_store(tmp_path: Path) -> None:
    assert tracking_of(tmp_path) == TrackingSettings()
    (tmp_path / "config.yaml").write_text("tracking: {_target_: os.system}\n")
    assert tracking_of(tmp_path) == TrackingSettings()
