"""MLflow, the only place of it: runs, metrics, artifacts, the model registry.

Nothing here imports mlflow before it is used. Runs are told apart by their ids, never by MLflow's active run,
which belongs to one thread.
"""

from tasks.tracking.datasets import LoggedDataset
from tasks.tracking.mlflow_run import fail_run, start_run
from tasks.tracking.references import resolve_model
from tasks.tracking.registry import register_model
from tasks.tracking.run import TrackedRun, Untracked
from tasks.tracking.settings import TrackingSettings
from tasks.tracking.tags import run_tags

__all__ = [
    "LoggedDataset",
    "TrackedRun",
    "TrackingSettings",
    "Untracked",
    "fail_run",
    "register_model",
    "resolve_model",
    "run_tags",
    "start_run",
]
