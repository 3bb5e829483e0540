import signal
import subprocess
import sys

from tasks.runs import Home, RunState, open_run
from tasks.tracking import TrackingSettings, fail_run, start_run
from tasks.tracking.mlflow_run import MlflowRun

KEY = "c" * 64

KILLED = """
import os, signal, sys
from pathlib import Path
from tasks.runs import Home, open_run
from tasks.tracking import TrackingSettings, start_run
home = Home(Path(sys.argv[1]))
with open_run(home, sys.argv[2], name="r") as run, start_run(
    TrackingSettings(), home, name=run.id, experiment="resume", tags={}, run_id=run.mlflow_run_id
) as tracked:
    run.set_mlflow_run(tracked.id)
    tracked.log_metrics({"train/loss": 1.0}, step=0)
    run.mark_done("train", {"epochs": 1})
    print(tracked.id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_then_the_next_start_fails_the_mlflow_run_and_the_same_command_goes_on_with_it(
    home: Home, settings: TrackingSettings
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(home.root), KEY], stdout=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    mlflow_run = killed.stdout.strip()

    def on_stale(state: RunState) -> None:
        if state.mlflow_run_id:
            fail_run(settings, home, state.mlflow_run_id, state.failure or "")

    with (
        open_run(home, "d" * 64, name="other", on_stale=on_stale) as other,
        start_run(settings, home, name=other.id, experiment="resume", tags={}) as tracked,
    ):
        assert isinstance(tracked, MlflowRun)
        client = tracked.store.client
        assert client.get_run(mlflow_run).info.status == "FAILED"
        assert "killed" in client.get_run(mlflow_run).data.tags["failure"]
    with (
        open_run(home, KEY, name="r", on_stale=on_stale) as run,
        start_run(settings, home, name=run.id, experiment="resume", tags={}, run_id=run.mlflow_run_id) as tracked,
    ):
        assert run.stage_done("train") == {"epochs": 1}
        assert tracked.id == mlflow_run
        tracked.log_metrics({"train/loss": 0.5}, step=1)
    found = client.get_run(mlflow_run)
    assert found.info.status == "FINISHED"
    assert "failure" not in found.data.tags
    assert [point.step for point in client.get_metric_history(mlflow_run, "train/loss")] == [0, 1]
