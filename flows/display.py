"""What a run shows in the terminal: its configuration at the start, its results and the next commands at the end."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from tasks.config import RunConfig
from tasks.inspection import Inspection
from tasks.runs import Home

SHOWN_NAMES = 8
"""Names that a list on the terminal shows."""


def show_configuration(config: RunConfig) -> None:
    """The resolved configuration as a tree."""
    tree = Tree("configuration")
    for key, value in config.plain.items():
        if key == "recommenders":
            tree.add(f"[bold]{key}[/] = {', '.join(value)}")
        elif key == "tuned":
            tree.add(f"[bold]from conf/tuned[/]: {', '.join(value) or 'nothing'}")
        else:
            _grow(tree, key, value, config.names.get(key))
    Console().print(tree)


def _grow(tree: Tree, key: str, value: Any, chosen: str | None = None) -> None:
    label = f"[bold]{key}[/]" + (f" = {chosen}" if chosen else "")
    if not isinstance(value, Mapping):
        tree.add(f"{label} = {value}" if chosen is None else label, highlight=True)
        return
    branch = tree.add(label)
    for inner, part in value.items():
        if inner != "_target_":
            _grow(branch, str(inner), part)


def show_summary(summary: Mapping[str, Any], home: Home) -> None:
    """The table of results, where to look at the run, and what to try next."""
    console = Console(soft_wrap=True, highlight=False)
    counts = summary["counts"]
    console.print(
        f"\n{counts['rows_out']:,} of {counts['rows_in']:,} rows, {counts['users']:,} users, {counts['items']:,} items."
        f"\nSplit {counts['split']}: {counts['warm_users']:,} warm, {counts['validation_users']:,} validation and "
        f"{counts['test_users']:,} test users; {counts['catalogue']:,} items in the catalogue."
    )
    if counts["split_changed_because"]:
        console.print(f"[yellow]Not split as asked:[/] {counts['split_changed_because']}.")
    _show_table(console, summary["table"])
    for label, value in _where_to_look(summary, home):
        console.print(f"{label:<12} {value}")


def lists_in_words(recommended: Mapping[str, Any]) -> dict[str, str]:
    """How many lists a batch wrote, on what evidence, and where they are; by label."""
    events = f"{recommended['events']:,}, of which {recommended['unknown']:,} name items the model does not know"
    if recommended["unknown_kinds"]:
        events += f" and {recommended['unknown_kinds']:,} are of kinds it does not know"
    if recommended["left_out"]:
        events += f"; {recommended['left_out']:,} are of kinds that count nothing"
    return {
        "model": recommended["model"],
        "lists": f"{recommended['users']:,} users, {recommended['k']} items each",
        "zero shots": f"{recommended['zero_shots']:,} of these users, without an event the model can use",
        "evidence": ", ".join(f"{kind} {share:.1%}" for kind, share in recommended["evidence"].items()),
        "events": events,
        "written to": recommended["output"],
    }


def show_lists(recommended: Mapping[str, Any]) -> None:
    """Print how many lists a batch wrote, on what evidence, and where they are."""
    console = Console(soft_wrap=True, highlight=False)
    for label, value in lists_in_words(recommended).items():
        console.print(f"{label:<12} {value}", markup=False)


def show_inspection(inspection: Inspection, dataset: str) -> None:
    """What a log holds, in tables, and what to know before training, in words."""
    console = Console(highlight=False)
    console.print(f"[bold]{dataset}[/]")
    for shown in inspection.to_tables():
        if not shown.rows:
            continue
        table = Table(title=shown.title, title_style="bold", title_justify="left", box=None, pad_edge=False)
        for number, column in enumerate(shown.columns):
            table.add_column(column, justify="right" if number else "left", vertical="bottom")
        for row in shown.rows:
            table.add_row(*row)
        console.print()
        console.print(table)
    console.print("\n[bold]Advice[/]")
    for sentence in inspection.advice:
        console.print(f"- {sentence}", markup=False)


def show_benchmark(summary: Mapping[str, Any]) -> None:
    """What a benchmark computed, what is missing and why, and where to read the figures."""
    console = Console(highlight=False)
    console.print("\n[bold]Benchmark[/]")
    if "computed" in summary:
        console.print(f"{'cells':<12} {summary['computed']} computed, {summary['kept']} kept from earlier")
        console.print(f"{'uses':<12} {summary['uses_computed']} measured, {summary['uses_kept']} kept from earlier")
    for label, names in (("not yet", summary.get("unavailable")), ("missing", summary.get("missing"))):
        if names:
            shown = ", ".join(names[:SHOWN_NAMES]) + (" …" if len(names) > SHOWN_NAMES else "")
            console.print(f"{label:<12} {len(names)}: {shown}", markup=False)
    for cell, reason in summary.get("failed", {}).items():
        console.print(f"{'failed':<12} {cell}: {reason}", markup=False)
    if summary.get("missing") or summary.get("failed"):
        console.print(f"{'next':<12} the same command goes on with what is not finished")
    console.print(f"{'page':<12} {summary['page']}", markup=False)


def _show_table(console: Console, shown: Mapping[str, Any]) -> None:
    """One block per figure, narrow enough for 80 columns."""
    console.print(f"\n[bold]{shown['title']}[/]")
    table = Table(box=None, padding=(0, 0, 0, 1), pad_edge=False)
    heads = [column.replace("s = ", "s=").replace("mean, s ≥ 1", "mean") for column in shown["columns"][2:]]
    table.add_column("", no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True, min_width=6)
    last = None
    for figure, method, *numbers in shown["rows"]:
        if figure != last and method:
            table.add_row(f"[bold]{figure}[/]")
        table.add_row(f"  {method}" if method else figure, *numbers)
        last = figure
    console.print(table)
    console.print()


def _where_to_look(summary: Mapping[str, Any], home: Home) -> list[tuple[str, str]]:
    run_folder = summary["run_folder"]
    links = summary.get("links", {})
    lines = [("run folder", run_folder), ("report", summary["report"])]
    if summary["objective"] is not None:
        lines.append(("objective", f"{summary['objective_name']} = {summary['objective']:.4f}"))
    if links.get("MLflow"):
        lines.append(("MLflow", links["MLflow"]))
    elif summary["mlflow_run_id"]:
        uri = f"sqlite:///{home.mlflow_database}"
        lines.append(("MLflow", f"run {summary['mlflow_run_id']}"))
        lines.append(("", f"mlflow server --workers 1 --backend-store-uri {uri}   (http://127.0.0.1:5000)"))
    server = f"PREFECT_HOME={home.prefect} prefect server start   (http://127.0.0.1:4200)"
    lines.append(("Prefect", links.get("Prefect") or server))
    lines.append(("next", f"python -m flows.recommend model={run_folder} events=<file> output=lists.parquet"))
    return lines
