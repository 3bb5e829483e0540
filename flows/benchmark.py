"""Benchmark: tune, fit and measure every method on users who are truly new, then write the report.

python -m flows.benchmark budget=8h
python -m flows.benchmark datasets=[ml_100k] methods=[popularity,ease] trials=3 seeds=2 evaluate=validation output=out
python -m flows.benchmark uses=[rerank,audience]    # and how well a given list is ordered, and buyers of an item found
python -m flows.benchmark uses=[faithfulness]       # and whether explanations hold
python -m flows.benchmark report=only    # the page, from what lies in benchmarks/results
"""

import logging
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from prefect import flow
from prefect.runtime import flow_run

from flows.arguments import start
from flows.artifacts import publish_mlflow, publish_results
from flows.display import show_benchmark
from flows.orchestration import prefect_server
from flows.progress import progress
from flows.steps import step
from flows.terminal import configure_terminal, one_error
from flows.watch import after_crash, watched
from tasks.benchmark.settings import BenchmarkSettings
from tasks.config import load_settings
from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR
from tasks.runs import Home, code_state
from tasks.tracking import TrackedRun

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
    home = Home.current()
    if settings.report == "after":
        with watched(home), progress("benchmark", "cells") as told:

            def shown(done: int, planned: int, left: str) -> None:
                told(done / planned, f"{done} of {planned} measured, {left}")

            def tracked(parent: TrackedRun) -> None:
                publish_mlflow(parent, home, holds="The benchmark, and a run below it for every cell")

            outcome = Benchmark(settings, home, code_state(), step=step, shown=shown, tracked=tracked).run()
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
