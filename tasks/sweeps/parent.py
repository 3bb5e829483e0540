"""The MLflow run above the runs of a sweep: what varies, the best child, a table and a plot of all trials."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.config import RunConfig
from tasks.errors import TrackingError
from tasks.reporting.sweep_plots import objective_by_parameters
from tasks.reporting.tables import to_markdown
from tasks.runs import CodeState, Home, Run
from tasks.stages.dead_runs import write_configuration
from tasks.sweeps.labels import label_of
from tasks.sweeps.records import Records, TrialRecord, TrialState
from tasks.sweeps.results import trials_frame, trials_table
from tasks.tracking import TrackedRun, start_run

logger = logging.getLogger(__name__)

PLOT = "objective_by_parameters.png"


def start_parent(
    config: RunConfig,
    home: Home,
    run: Run,
    code: CodeState,
    *,
    name: str,
    experiment: str,
    space: Mapping[str, Any],
    tags: Mapping[str, str],
) -> TrackedRun:
    """Start the parent's MLflow run, or go on with the one that an interrupted sweep left.

    Args:
        config: Of a run with nothing varied; says where to, and is written down so that who comes after a kill knows.
        home: Where the default store lives.
        run: The sweep's own run; notes the MLflow run.
        code: State of the code.
        name: For example ``sweep losses``.
        experiment: That of all children.
        space: What varies, as parameters of the run.
        tags: Further tags.

    """
    own = {
        "stage": "sweep",
        "sweep_id": run.id,
        "run_id": run.id,
        "run_key": run.state.key,
        "git_commit": code.commit or "",
        "dirty": str(code.dirty).lower(),
        "code_version": code.version,
    }
    write_configuration(run.folder, config)
    tracking = config.tracking
    parent = start_run(tracking, home, name=name, experiment=experiment, tags={**own, **tags}, run_id=run.mlflow_run_id)
    run.set_mlflow_run(parent.id)
    parent.log_parameters({name: str(values) for name, values in space.items()})
    return parent


@dataclass
class Standing:
    """Keeps the parent up to date; thread-safe. A store that stops answering is said once and then left alone.

    Attributes:
        run: The sweep's own run.
        parent: Its MLflow run.
        records: The trials.
        direction: ``maximize`` or ``minimize``.
        title: Of table and plot.
        objective: Whole name of the figure that is compared.

    """

    run: Run
    parent: TrackedRun
    records: Records
    direction: str
    title: str
    objective: str
    _lock: Any = field(default_factory=threading.Lock, init=False)
    _lost: bool = field(default=False, init=False)

    def update(self) -> None:
        """Write table, plot and best child into the sweep's folder and to MLflow; call it after each trial."""
        with self._lock:
            records = self.records.all()
            files = self._files(records)
            if self._lost or self.parent.id is None:
                return
            try:
                self._log(files)
            except TrackingError as error:
                self._lost = True
                logger.warning("%s; going on without it, the table is in %s", error, self.run.folder)

    def summary(self) -> dict[str, Any]:
        """What a sweep came to, plain values: the best trial, counts, the table, where to look."""
        best = self.records.best(self.direction)
        table = trials_table(self.title, self.records.all(), self.objective, self.direction)
        return {
            "run_id": self.run.id,
            "run_folder": str(self.run.folder),
            "mlflow_run_id": self.parent.id,
            "objective_name": self.objective,
            "objective": best.value if best else None,
            "best": dict(best.values) if best else {},
            "best_run_id": best.run_id if best else None,
            "best_mlflow_run_id": best.mlflow_run_id if best else None,
            "counts": self.records.counts(),
            "table": {"title": table.title, "columns": list(table.columns), "rows": [list(row) for row in table.rows]},
        }

    def _files(self, records: Sequence[TrialRecord]) -> list[Path]:
        table = trials_table(self.title, records, self.objective, self.direction)
        folder = self.run.folder
        (folder / "trials.md").write_text(to_markdown(table), encoding="utf-8")
        trials_frame(records, self.objective).write_csv(folder / "trials.csv")
        files = [folder / "trials.md", folder / "trials.csv"]
        points = [(record.values, record.value) for record in records if record.value is not None]
        if points:
            maximize = self.direction == "maximize"
            objective_by_parameters(points, self.objective, self.title, maximize=maximize).savefig(folder / PLOT)
            files.append(folder / PLOT)
        return files

    def _log(self, files: Sequence[Path]) -> None:
        for file in files:
            self.parent.log_file(file)
        counts, best = self.records.counts(), self.records.best(self.direction)
        self.parent.log_metrics({f"trials/{name.lower()}": float(count) for name, count in counts.items()})
        if best is not None and best.value is not None:
            self.parent.log_metrics({self.objective: best.value})
            self.parent.set_tags(
                {
                    "best_trial": str(best.number),
                    "best_run_id": best.mlflow_run_id or "",
                    "best": label_of(best.values),
                    "mlflow.note.content": self._note(best),
                }
            )

    def _note(self, best: TrialRecord) -> str:
        link = self.parent.link()
        child = best.mlflow_run_id or ""
        address = link.replace(str(self.parent.id), child) if link and child else None
        where = f"[run {child}]({address})" if address else f"run `{child}`"
        text = f"**Best:** {label_of(best.values)}, {self.objective} = {best.value:.4f}: {where}\n\n"
        table = trials_table(self.title, self.records.all(), self.objective, self.direction)
        return (text + to_markdown(table))[:4500]


def ended_badly(records: Records) -> str | None:
    """Why no trial gave a figure; None where one did."""
    trials = records.all()
    if any(record.state is TrialState.COMPLETE for record in trials):
        return None
    reasons = [record.reason for record in trials if record.reason]
    return f"none of {len(trials)} trials gave a figure; the last: {reasons[-1] if reasons else 'see the warnings'}"
