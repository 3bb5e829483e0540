"""A comparison as tables, as a file, as a figure, and as a run of its own in MLflow."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import polars as pl

from tasks.comparison.compare import Difference
from tasks.comparison.compared import ComparedRun
from tasks.comparison.settings import CompareSettings
from tasks.evaluation.evaluation import MEAN
from tasks.reporting.comparison_plots import differences_by_shots
from tasks.reporting.labels import figure_label, question_label
from tasks.reporting.tables import Table, to_markdown
from tasks.runs import Home
from tasks.sweeps.labels import SEPARATOR
from tasks.tracking import start_run

COLUMNS = ("run", "shots", "value", "reference", "difference", "95 % interval", "p", "p (Holm)", "users")


def tables_of(runs: Sequence[ComparedRun], rows: Sequence[Difference], settings: CompareSettings) -> list[Table]:
    """One table per figure; differences whose corrected p-value is at most 0.05 stand out."""
    tables = []
    for figure in settings.figures:
        own = [row for row in rows if row.figure == figure]
        title = (
            f"{label_of(figure)}, {question_label(runs[0].question)}: each run minus {runs[0].label} on the same "
            f"validation users; Holm over {len(own)} tests"
        )
        texts = tuple(
            (
                runs[row.run].label,
                "mean, s ≥ 1" if row.shots == MEAN else row.shots,
                f"{row.value:.4f}",
                f"{row.reference:.4f}",
                f"{row.difference:+.4f}",
                f"{row.low:+.4f} … {row.high:+.4f}",
                _p(row.p),
                _p(row.p_holm),
                f"{row.users:,}",
            )
            for row in own
        )
        strong = frozenset((place, 4) for place, row in enumerate(own) if row.p_holm <= 0.05)
        tables.append(Table(title, COLUMNS, texts, strong, words=2))
    return tables


def frame_of(runs: Sequence[ComparedRun], rows: Sequence[Difference], settings: CompareSettings) -> pl.DataFrame:
    """One row per run, figure and shots, unrounded."""
    return pl.DataFrame(
        [
            asdict(row)
            | {
                "run": runs[row.run].label,
                "run_id": runs[row.run].reference,
                "reference_run_id": runs[0].reference,
                "method": runs[row.run].method(settings.method),
            }
            for row in rows
        ]
    )


def log_comparison(
    runs: Sequence[ComparedRun], rows: Sequence[Difference], settings: CompareSettings, home: Home
) -> str | None:
    """Log the comparison to MLflow, beside the runs; returns the id of its run, None without tracking.

    Raises:
        TrackingError: The store does not answer.

    """
    dataset = str(runs[0].summary["choices"]["dataset"])
    tags = {
        "stage": "compare",
        "dataset": dataset,
        "question": runs[0].question,
        "reference_run_id": runs[0].mlflow_run_id or runs[0].reference,
        "compared_run_ids": ",".join(run.mlflow_run_id or run.reference for run in runs),
    }
    with (
        start_run(
            settings.tracking,
            home,
            name=f"compare {' | '.join(run.label for run in runs)}"[:250],
            experiment=settings.tracking.experiment_name(dataset),
            tags=tags,
        ) as tracked,
        tempfile.TemporaryDirectory() as folder,
    ):
        named = {f"run_{place}": SEPARATOR.join([run.label, run.reference]) for place, run in enumerate(runs)}
        tracked.log_parameters(named | {"method": settings.method or "each run's own"})
        tables = tables_of(runs, rows, settings)
        text = "\n".join(to_markdown(table) for table in tables)
        tracked.log_text(text, "comparison.md")
        tracked.set_tags({"mlflow.note.content": text[:4500]})
        table = Path(folder) / "comparison.csv"
        frame_of(runs, rows, settings).write_csv(table)
        tracked.log_file(table)
        for figure in settings.figures:
            plot = Path(folder) / f"differences_{figure}.png"
            own = [row for row in rows if row.figure == figure]
            drawn = [(runs[row.run].label, row.shots, row.difference, row.low, row.high) for row in own]
            users = max(row.users for row in own)
            differences_by_shots(drawn, label_of(figure), runs[0].label, users).savefig(plot)
            tracked.log_file(plot)
        names = {row: f"run_{row.run}/{row.figure}/{_place(row.shots)}" for row in rows}
        tracked.log_metrics({f"difference/{name}": row.difference for row, name in names.items()})
        tracked.log_metrics({f"p_holm/{name}": row.p_holm for row, name in names.items()})
    return tracked.id


def label_of(figure: str) -> str:
    """``NDCG@10`` of ``ndcg_at_10``; figures with an ending keep it."""
    metric, _, rest = figure.partition("_at_")
    k, _, ending = rest.partition("_")
    return figure_label(metric, int(k)) + (f" {ending}" if ending else "") if k.isdigit() else figure


def _place(shots: str) -> str:
    return shots if shots == MEAN else f"shots_{shots}"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "<.0001"
