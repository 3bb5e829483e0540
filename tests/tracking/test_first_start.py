import subprocess
import sys
from pathlib import Path

START = """
import sys
from pathlib import Path
from tasks.runs import Home
from tasks.tracking import TrackingSettings, start_run
with start_run(TrackingSettings(), Home(Path(sys.argv[1])), name="r", experiment="new/one", tags={}) as run:
    run.log_metrics({"a": 1.0})
print(run.id, run.experiment_id)
"""


def test_two_processes_may_start_on_a_new_database_at_once(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert [err for _, err in said] == ["", ""]
    runs, experiments = zip(*(out.split() for out, _ in said), strict=True)
    assert len(set(runs)) == 2
    assert len(set(experiments)) == 1
    # Nothing outside the home: MLflow's defaults are folders in the working directory.
    assert {path.name for path in tmp_path.iterdir()} <= {"mlflow.db", "mlflow.db-wal", "mlflow.db-shm", "locks"}
