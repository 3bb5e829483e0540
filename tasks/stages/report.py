"""What a run leaves behind for people and programs: summary.json, figures, tables, the report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tasks.augmentation.generator import ProfileGenerator
from tasks.config import RunConfig
from tasks.domain import Provenance
from tasks.evaluation.evaluation import Evaluation
from tasks.method_names import HYBRID, VIRTUAL
from tasks.reporting.plots import accuracy_by_shots, loss_plot
from tasks.reporting.report.page import write_page
from tasks.reporting.tables import Table, shots_table, to_markdown
from tasks.runs import Run
from tasks.stages.fit import Fitted, monitored
from tasks.stages.hybrid import Augmented
from tasks.stages.ingest import Ingested, asked
from tasks.stages.prepare import Prepared
from tasks.stages.report_content import asked_of, report_of
from tasks.tracking import TrackedRun, register_model

REPORT = "report.html"
"""The page for people, in the run's folder and among the MLflow run's artifacts."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the evaluation fit was found to be worth.

    Attributes:
        half_a: Figures on half A of the validation users (tuning).
        half_b: Figures on half B (reporting).
        test: Figures on test users, where they were looked at.

    """

    half_a: Evaluation
    half_b: Evaluation
    test: Evaluation | None = None

    @property
    def parts(self) -> dict[str, Evaluation]:
        """The evaluations by what stands in front of their figures."""
        return {"val_a": self.half_a, "val": self.half_b} | ({"test": self.test} if self.test else {})

    def metrics(self) -> dict[str, float]:
        """Every figure under its name, of which MLflow keeps some (``tasks.stages.tracked_figures``)."""
        return {f"{part}/{name}": value for part, one in self.parts.items() for name, value in one.summary().items()}

    @property
    def shown(self) -> Evaluation:
        """What tables and figures are about: half B, or the test users where they were looked at."""
        return self.test or self.half_b


def headline(config: RunConfig, fitted: Fitted) -> tuple[str, ...]:
    """The methods of the printed table, popularity first, ours last; those without figures are left out there."""
    name = config.names["recommender"]
    return tuple(dict.fromkeys([*fitted.baselines, name, f"{name}{VIRTUAL}", "generator", HYBRID]))


def table_of(measured: Measured, question: str, methods: Sequence[str]) -> Table:
    """HR@10 and NDCG@10 per number of shots."""
    return shots_table(measured.shown.cells, question, methods=methods)


def counts_of(ingested: Ingested, prepared: Prepared) -> dict[str, Any]:
    """How much data a run saw."""
    parts = prepared.split
    return {
        "rows_in": ingested.quality.rows_in,
        "rows_out": ingested.quality.rows_out,
        "users": ingested.log.users.height,
        "items": ingested.log.items.height,
        "catalogue": len(parts.catalogue),
        "warm_users": len(parts.warm.histories.users),
        "warm_users_with_episodes": int(parts.warm.gives_episodes.sum()),
        "validation_users": len(parts.validation.half),
        "test_users": len(parts.test.half),
        "split": parts.name,
        "split_changed_because": ingested.resolved.reason,
    }


def write_figures(
    folder: Path, history: Sequence[Mapping[str, float]], measured: Measured, question: str, methods: Sequence[str]
) -> list[Path]:
    """Losses by epoch, HR@10 and NDCG@10 by shots, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = measured.shown.cells
    figures = {
        "losses.png": loss_plot(history),
        "hit_rate_at_10_by_shots.png": accuracy_by_shots(cells, question, "hit_rate", methods=methods),
        "ndcg_at_10_by_shots.png": accuracy_by_shots(cells, question, "ndcg", methods=methods),
    }
    for name, figure in figures.items():
        figure.savefig(folder / name)
    return [folder / name for name in figures]


def write_history(folder: Path, history: Sequence[Mapping[str, float]]) -> Path:
    """Figures per epoch as Parquet."""
    path = folder / "history.parquet"
    pl.DataFrame([dict(record) for record in history], infer_schema_length=None).write_parquet(path)
    return path


def write_provenance(folder: Path, records: Sequence[Provenance]) -> Path:
    """What each artefact of the evaluation fit saw, as JSON."""
    path = folder / "provenance.json"
    path.write_text(json.dumps([asdict(one) for one in records], indent=2) + "\n")
    return path


def report_stage(
    config: RunConfig,
    ingested: Ingested,
    prepared: Prepared,
    fitted: Fitted,
    augmented: Augmented,
    generator: ProfileGenerator,
    history: Sequence[Mapping[str, float]],
    measured: Measured,
    run: Run,
    tracked: TrackedRun,
) -> dict[str, Any]:
    """Write figures, tables, ``report.html`` and ``summary.json``, and hand everything to the tracking store.

    Returns:
        The summary.

    """
    question, metrics = prepared.question, measured.metrics()
    methods = headline(config, fitted)
    table = table_of(measured, question, methods)
    for path in write_figures(run.folder / "figures", history, measured, question, methods):
        tracked.log_file(path, "figures")
    tracked.log_text(to_markdown(table), "results.md")
    tracked.log_folder(run.folder / "evaluation", "evaluation")
    tracked.log_model(run.folder / "model")
    checkpoint = run.stage_folder("train") / "best.ckpt"
    if checkpoint.exists():
        tracked.log_file(checkpoint, "checkpoints")
    registered = None
    if config.register_model:
        registered = register_model(tracked, config.model_name or f"coldcart-{config.names['dataset']}").reference
    summary = {
        "run_id": run.id,
        "run_folder": str(run.folder),
        "mlflow_run_id": tracked.id,
        "report": str(run.folder / REPORT),
        "registered": registered,
        "question": question,
        "question_asked": asked(config)[0],
        "objective": metrics.get(monitored(config, question)),
        "objective_name": monitored(config, question),
        "popularity_at_zero_shots": fitted.popularity,
        "counts": counts_of(ingested, prepared),
        "table": {"title": table.title, "columns": list(table.columns), "rows": [list(row) for row in table.rows]},
        "configuration": dict(config.plain),
        "choices": dict(config.names),
        "metrics": metrics,
    }
    whom = asked_of(prepared, measured.half_b, measured.test)
    content = report_of(config, ingested, prepared, fitted, augmented, generator, history, whom, table, run, tracked.id)
    tracked.log_file(write_page(content, run.folder / REPORT))
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    (run.folder / "summary.json").write_text(text, encoding="utf-8")
    tracked.log_text(text, "summary.json")
    return summary
