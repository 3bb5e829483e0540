"""Benchmark: tune, fit and measure every method on users who are truly new, then write the report.

python -m flows.benchmark budget=8h
python -m flows.benchmark datasets=[ml_100k] methods=[popularity,ease] trials=3 seeds=2 evaluate=validation output=out
python -m flows.benchmark uses=[rerank,audience]    # and how well a given list is ordered, and buyers of an item found
python -m flows.benchmark report=only    # the page, from what lies in benchmarks/results
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from prefect import flow
from prefect.runtime import flow_run
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from flows.arguments import start
from flows.artifacts import publish_results
from flows.display import show_benchmark
from flows.orchestration import prefect_server
from flows.progress import terminal_console
from flows.steps import step
from flows.terminal import configure_terminal, one_error
from flows.watch import after_crash, watched
from tasks.benchmark.settings import BenchmarkSettings
from tasks.config import load_settings
from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR
from tasks.runs import Home, code_state

logger = logging.getLogger(__name__)


def run_name() -> str:
    """A name a person can read, from the parameters of the flow run."""
    overrides = flow_run.parameters.get("overrides") or []
    return "benchmark " + (" ".join(str(override) for override in overrides) or "with defaults")


@flow(name="benchmark", flow_run_name=run_name, on_crashed=[after_crash])
def benchmark(overrides: list[str] = []) -> dict[str, Any]:  # noqa: B006 - only read; a union would spoil the form
    """Measure every method on users who are truly new; a benchmark that was stopped goes on.

    Args:
        overrides: Settings, for example datasets=[ml_100k] and budget=2h; see conf/benchmark.yaml.

    Returns:
        How many cells were computed and kept, what failed or is missing, and where the page is.
    """
    return benchmark_with(load_settings(BenchmarkSettings, "benchmark", overrides))


def benchmark_with(settings: BenchmarkSettings) -> dict[str, Any]:
    """Compute what is missing, then report what there is."""
    from tasks.benchmark.benchmark import Benchmark
    from tasks.benchmark.report import report

    summary: dict[str, Any] = {}
    if settings.report == "after":
        with watched(Home.current()), _bar() as shown:
            outcome = Benchmark(settings, Home.current(), code_state(), step=step, shown=shown).run()
        summary = {
            "computed": outcome.computed,
            "kept": outcome.kept,
            "uses_computed": outcome.uses_computed,
            "uses_kept": outcome.uses_kept,
            "failed": {" ".join(map(str, cell)): reason for cell, reason in outcome.failed.items()},
            "missing": [" ".join(map(str, cell)) for cell in outcome.missing],
            "unavailable": list(outcome.unavailable),
            "seconds": outcome.seconds,
        }
    page = step("report", report, settings)
    publish_results(page)
    return {**summary, "page": str(page)}


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int, str], None] | None]:
    """A bar below the log where that goes to a terminal; None where it is piped, and lines say it all."""
    console = terminal_console()
    if console is None:
        yield None
        return
    columns = (TextColumn("cells"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        cells = bar.add_task("", total=None)
        yield lambda done, planned, left: bar.update(cells, completed=done, total=planned, description=left)


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="benchmark")
@one_error
def main(_: object) -> None:
    """One benchmark from the command line; ends with 1 where cells failed."""
    configure_terminal()
    overrides = list(HydraConfig.get().overrides.task)
    settings = load_settings(BenchmarkSettings, "benchmark", overrides)
    if settings.report == "only":
        from tasks.benchmark.report import report

        show_benchmark({"page": str(report(settings))})
        return
    _check(settings)
    with prefect_server():
        summary = benchmark(overrides)
    show_benchmark(summary)
    if summary["failed"]:
        raise SystemExit(1)


def _check(settings: BenchmarkSettings) -> None:
    """What can be wrong with settings and files is said before a server starts."""
    from tasks.benchmark.benchmark import Benchmark

    if settings.recommendations is not None and not Path(settings.recommendations).expanduser().is_file():
        raise ConfigError(f"recommendations: there is no file {settings.recommendations} (from {Path.cwd()})")
    Benchmark(settings, Home.current(), code_state()).check()


if __name__ == "__main__":
    start(main)
