"""Runs whose process is gone: marked FAILED here and in MLflow, wherever they were tracked."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from tasks.config import RunConfig, build_component
from tasks.errors import ConfigError
from tasks.runs import Home
from tasks.runs.run import end_stale_runs
from tasks.runs.state import RunState
from tasks.tracking import TrackingSettings, fail_run

CONFIGURATION = "config.yaml"


def write_configuration(folder: Path, config: RunConfig) -> Path:
    """Write the resolved configuration into a run's folder, as soon as there is one: its process may be killed."""
    path = folder / CONFIGURATION
    path.write_text(yaml.safe_dump(dict(config.plain), sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def write_tracking(folder: Path, settings: TrackingSettings) -> Path:
    """Write where a run without a configuration of its own is tracked, for ``tracking_of``."""
    path = folder / CONFIGURATION
    text = yaml.safe_dump({"tracking": as_node(settings)}, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return path


def as_node(settings: TrackingSettings) -> dict[str, Any]:
    """Where runs are tracked, as a configuration has it."""
    kind = type(settings)
    return {"_target_": f"{kind.__module__}.{kind.__qualname__}", **asdict(settings)}


def tracking_of(folder: Path) -> TrackingSettings:
    """Where the run in ``folder`` was tracked; the default store where it does not say."""
    try:
        node = yaml.safe_load((folder / CONFIGURATION).read_text(encoding="utf-8"))["tracking"]
        settings = build_component("tracking", node)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ConfigError):
        return TrackingSettings()
    assert isinstance(settings, TrackingSettings)
    return settings


def fail_tracked(home: Home, state: RunState) -> None:
    """Mark the MLflow run of a dead run FAILED.

    Raises:
        TrackingError: The store does not answer.
    """
    if state.mlflow_run_id is not None:
        fail_run(tracking_of(home.runs / state.id), home, state.mlflow_run_id, state.failure or "stale")


def end_dead_runs(home: Home) -> list[RunState]:
    """Mark runs FAILED that say RUNNING though their process is gone, here and in MLflow; returns them."""
    return end_stale_runs(home, lambda state: fail_tracked(home, state))
