"""What sweeps, comparisons and cleaning up show in the terminal at their end."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tasks.pruning.prune import Pruned
from tasks.pruning.settings import PruneSettings
from tasks.refresh.outcome import COLUMNS, Outcome, table_rows
from tasks.runs import Home
from tasks.sweeps.dimensions import as_overrides
from tasks.tracking import TrackingSettings

SHOWN_PATHS = 40
"""Paths that the terminal shows."""
_WIDE = 1000
SHOWN_TRIALS = 20
"""Trials that the terminal shows; trials.csv has all."""


def show_sweep(summary: Mapping[str, Any]) -> None:
    """The trials, the best one, where to look, and the command that trains it again."""
    console = Console(soft_wrap=True, highlight=False)
    shown = summary["table"]
    # The whole name of the figure stands below; here it would leave no room for what varies.
    columns = ["objective" if column == summary["objective_name"] else column for column in shown["columns"]]
    show_rows(console, shown["title"], columns, shown["rows"][:SHOWN_TRIALS], words=len(columns) - 2)
    left = len(shown["rows"]) - SHOWN_TRIALS
    if left > 0:
        console.print(f"… and {left} more in trials.csv")
    console.print()
    lines = [("sweep", summary["run_folder"])]
    if summary["objective"] is not None:
        lines.append(("objective", f"{summary['objective_name']} = {summary['objective']:.4f}"))
        lines.append(("best", " ".join(as_overrides(summary["best"]))))
    if summary["mlflow_run_id"]:
        lines.append(("MLflow", f"run {summary['mlflow_run_id']}, best child {summary['best_mlflow_run_id']}"))
        lines.append(("", f"mlflow server --workers 1 --backend-store-uri {_store()}   (http://127.0.0.1:5000)"))
    if summary.get("next"):
        lines.append(("next", summary["next"]))
    for label, value in lines:
        console.print(f"{label:<12} {value}", markup=False)


def show_rows(
    console: Console, title: str, columns: "list[str] | tuple[str, ...]", rows: "list[Any]", words: int = 1
) -> None:
    """A plain table; columns from ``words`` on are aligned right."""
    console.print(f"\n[bold]{title}[/]")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # Numbers cut short are no numbers: a narrow window wraps lines, it does not lose them.
    needed = console.measure(table, options=console.options.update(width=_WIDE)).maximum
    console.width = max(console.width, needed)
    console.print(table, crop=False)


def _store() -> str:
    return TrackingSettings().tracking_uri(Home.current())


def show_refresh(outcome: Outcome) -> None:
    """How a refresh ended and why, the comparison, and what may follow."""
    console = Console(soft_wrap=True, highlight=False)
    verdict = outcome.compared
    if verdict is not None:
        title = "NDCG@10 of users whom neither model has seen"
        show_rows(console, title, COLUMNS, table_rows(verdict))
    console.print()
    version = None if outcome.version is None else f"{outcome.version}"
    if version is not None and outcome.before is not None:
        version += f", instead of {outcome.before}"
    lines = {
        "outcome": outcome.status,
        "because": outcome.reason,
        "model": outcome.model,
        "version": version,
        "new": outcome.new,
        "T": None if outcome.cut is None else f"{outcome.cut} UTC: the challenger saw what came before",
        "run folder": outcome.run_folder,
        "MLflow": None if outcome.mlflow_run_id is None else f"run {outcome.mlflow_run_id}",
        "next": outcome.next_step,
    }
    for label, value in lines.items():
        if value is not None:
            console.print(f"{label:<12} {value}", markup=False)


def show_pruned(pruned: Pruned, settings: PruneSettings) -> None:
    """What goes or went, by kind, and why the rest of that age stays."""
    console = Console(soft_wrap=True, highlight=False)
    now = time.time()
    rows: list[tuple[str, str, str, str]] = []
    for one in pruned.going[:SHOWN_PATHS]:
        rows.append((one.kind, str(one.path), _age(now - one.used), _size(one.size)))
    for run in pruned.mlflow_runs[:SHOWN_PATHS]:
        rows.append(("MLflow run", f"{run.name} ({run.id[:6]})", _age(now - run.ended), ""))
    told = "Removed" if pruned.applied else "Would be removed"
    show_rows(console, f"{told}, older than {settings.older_than}", ("kind", "what", "age", "size"), rows, words=2)
    left = max(0, len(pruned.going) - SHOWN_PATHS) + max(0, len(pruned.mlflow_runs) - SHOWN_PATHS)
    if left:
        console.print(f"… and {left} more")
    for reason in dict.fromkeys(one.kept for one in pruned.kept):
        stay = [one for one in pruned.kept if one.kept == reason]
        shown = ", ".join(one.path.name for one in stay[:3]) + (" …" if len(stay) > 3 else "")
        console.print(f"{'kept':<12} {len(stay)}: {reason} ({shown})", markup=False)
    total = sum(one.size for one in pruned.going)
    count = len(pruned.going) + len(pruned.mlflow_runs)
    console.print(f"{'together':<12} {count} things, {_size(total)}", markup=False)
    if not pruned.applied and count:
        console.print(f"{'next':<12} the same command with apply=true removes them", markup=False)
    if pruned.applied and pruned.mlflow_runs:
        free = f"mlflow gc --backend-store-uri {_store()} frees the space of deleted runs"
        console.print(f"{'next':<12} {free}", markup=False)


def _age(seconds: float) -> str:
    return f"{seconds / 86_400:.0f} d" if seconds >= 86_400 else f"{seconds / 3600:.1f} h"


def _size(size: int) -> str:
    return f"{size / 2**20:,.1f} MB"
