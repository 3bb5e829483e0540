"""The champion as it stands: its model, the settings of its run, and the newest event that it saw."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tasks.config import RunConfig, rebuilt_config
from tasks.errors import DataError, ModelError
from tasks.model_format import Model
from tasks.refresh.settings import RefreshSettings
from tasks.runs import Home
from tasks.stages.dead_runs import as_node
from tasks.stages.ship import load_model
from tasks.tracking.finished import fetch_run
from tasks.tracking.promotion import run_of
from tasks.tracking.references import resolve_model
from tasks.tracking.store import connect

SUMMARY = "summary.json"
EVENTS, ITEMS = "refresh/events.parquet", "refresh/items.parquet"
"""What earlier refreshes took beside the log, in the MLflow run of a version."""


@dataclass(frozen=True)
class Champion:
    """A registered version, and what is known of how it was made.

    Attributes:
        name: Name of the registered model.
        version: Its version.
        run_id: MLflow run that it comes from.
        model: The model.
        config: Settings of its run, without ``dataset.until``, tracked where the refresh is.
        popularity: Name of the popularity form that serves users without any event.
        watermark: Newest event that it saw, microseconds since 1970-01-01 UTC.
        events: Events that earlier refreshes took beside the log; None for none.
        items: Features of items that they took; None for none.

    """

    name: str
    version: int
    run_id: str
    model: Model
    config: RunConfig
    popularity: str
    watermark: int
    events: pl.DataFrame | None
    items: pl.DataFrame | None

    @property
    def reference(self) -> str:
        """For example ``models:/coldcart-ta_feng/3``."""
        return f"models:/{self.name}/{self.version}"


def read_champion(settings: RefreshSettings, home: Home) -> Champion:
    """Find the version that the alias names, and read it.

    Raises:
        ModelError: There is no such model, or its run does not tell its settings.
        DataError: It knows no times.
        TrackingError: The store does not answer.

    """
    version, run_id = run_of(settings.name, settings.alias, connect(settings.tracking, home))
    reference = f"models:/{settings.name}/{version}"
    with tempfile.TemporaryDirectory() as folder:
        run = fetch_run(run_id, (SUMMARY, EVENTS, ITEMS), settings.tracking, home, Path(folder))
        if SUMMARY not in run.files:
            raise ModelError(
                f"{reference}: its run {run_id} has no {SUMMARY}, so its settings are not known; train again with "
                "register=true"
            )
        summary = json.loads(run.files[SUMMARY].read_text(encoding="utf-8"))
        events, items = (pl.read_parquet(run.files[name]) if name in run.files else None for name in (EVENTS, ITEMS))
    model = load_model(resolve_model(reference, settings.tracking, home))
    if model.header.newest is None:
        raise DataError(
            f"{reference} was fitted on a log without times: nothing tells which events are new. Train on the "
            "whole log again instead"
        )
    if model.header.fit != "refit":
        raise ModelError(
            f"{reference} is an evaluation fit (refit=false), which saw only some of its users; register one with "
            "refit=true"
        )
    plain = dict(summary["configuration"])
    plain["dataset"] = {**plain["dataset"], "until": None}
    plain |= {"tracking": as_node(settings.tracking), "register": False, "evaluate": "validation"}
    config = rebuilt_config(plain, {**summary["choices"], "tracking": "mlflow"})
    popularity = str(summary["popularity_at_zero_shots"])
    return Champion(
        settings.name, version, run_id, model, config, popularity, model.header.newest, events, items
    )  # fmt: skip
