"""Ingestion of Ta-Feng, from CSV to the user × item matrix, beside a bare ``pl.read_csv`` of the same file.

    python -m benchmarks.ingestion --repeats 15

The two alternate in one process; medians. Ingestion includes the schema check, every cleaning rule, the clean log
with the features of users and items, and the matrix of distinct pairs. The digest of the file, which a run takes once
to know its data, is timed apart.
"""

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from tasks.ingestion.cleaning import CleaningRules
from tasks.ingestion.folders import cache_folder
from tasks.ingestion.ingest import ingest
from tasks.ingestion.matrix import interactions
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.sources.ta_feng import TaFeng


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=11, help="runs of each, alternating (default 11)")
    parser.add_argument("--path", help="a copy of the CSV instead of the download")
    repeats = max(1, parser.parse_args().repeats)
    source, cache = TaFeng(path=parser.parse_args().path), cache_folder()
    raw = source.load(cache)
    file = raw.files[0].path

    def to_matrix() -> tuple[int, int]:
        log, report = ingest(raw, CleaningRules(), Privacy())
        return report.rows_in, interactions(log).nnz

    before = _peak()
    rows, pairs = to_matrix()
    ours = _peak()
    works: dict[str, Callable[[], object]] = {
        "pl.read_csv": lambda: pl.read_csv(file),
        "ingest to CSR": to_matrix,
        "locate and digest": lambda: source.load(cache),
    }
    wall, cpu = _alternate(works, repeats)
    table = Table(title=f"{rows:,} rows, {file.stat().st_size / 1e6:.0f} MB, {pairs:,} distinct pairs")
    for heading in ("work", "seconds (median)", "CPU seconds", "× read_csv", "× read_csv, CPU"):
        table.add_column(heading, justify="left" if heading == "work" else "right")
    for name in works:
        table.add_row(
            name,
            f"{statistics.median(wall[name]):.3f}",
            f"{statistics.median(cpu[name]):.3f}",
            f"{_ratio(wall, name):.2f}",
            f"{_ratio(cpu, name):.2f}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"Peak memory {ours:,.0f} MiB ({before:,.0f} MiB before the first ingestion); "
        f"{pl.thread_pool_size()} Polars threads on {os.cpu_count()} cores; median of {repeats} alternating runs."
    )
    console.print(f"Ratio {_ratio(wall, 'ingest to CSR'):.2f} (to hold: at most 2)")


def _alternate(
    works: dict[str, Callable[[], object]], repeats: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    wall: dict[str, list[float]] = {name: [] for name in works}
    cpu: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            started, used = time.perf_counter(), time.process_time()
            work()
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - used)
    return wall, cpu


def _ratio(seconds: dict[str, list[float]], name: str) -> float:
    """Median of the ratios of neighbouring runs: what slows the machine slows both."""
    return statistics.median(own / bare for own, bare in zip(seconds[name], seconds["pl.read_csv"], strict=True))


def _peak() -> float:
    """Peak resident memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    assert Path("tasks").is_dir(), "run it from the root of the repository"
    main()
