"""Ingestion of Ta-Feng, from CSV to the user × item matrix, beside a bare ``pl.read_csv`` of the same file.

    python -m benchmarks.ingestion --repeats 15

They alternate in one process; medians. Ingestion includes the schema check, every cleaning rule, the clean and sorted
log, and the matrix of distinct pairs. Reading off the features of users and items, which the matrix does not need, is
in the second figure; the digest of the file, which a run takes once to know its data, is timed apart.
"""

import argparse
import dataclasses
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from tasks.domain import LogRoles
from tasks.ingestion.cleaning import CleaningRules
from tasks.ingestion.folders import cache_folder
from tasks.ingestion.ingest import ingest
from tasks.ingestion.matrix import interactions
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.raw import RawLog
from tasks.ingestion.sources.ta_feng import TaFeng


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=11, help="runs of each, alternating (default 11)")
    parser.add_argument("--path", help="a copy of the CSV instead of the download")
    repeats = max(1, parser.parse_args().repeats)
    source, cache = TaFeng(path=parser.parse_args().path), cache_folder()
    raw = source.load(cache)
    file = raw.files[0].path

    bare = dataclasses.replace(raw, roles=LogRoles(has_times=True))

    def to_matrix(log_of: RawLog) -> tuple[int, int]:
        log, report = ingest(log_of, CleaningRules(), Privacy())
        return report.rows_in, interactions(log).nnz

    before = _peak()
    rows, pairs = to_matrix(raw)
    ours = _peak()
    works: dict[str, Callable[[], object]] = {
        "pl.read_csv": lambda: pl.read_csv(file),
        "ingest to CSR": lambda: to_matrix(bare),
        "… with features": lambda: to_matrix(raw),
        "locate and digest": lambda: source.load(cache),
    }
    wall, cpu = _alternate(works, repeats)
    table = Table(title=f"{rows:,} rows, {file.stat().st_size / 1e6:.0f} MB, {pairs:,} distinct pairs")
    for heading in ("work", "seconds", "CPU s", "ratio", "CPU ratio"):
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
    with_features = _ratio(wall, "… with features")
    console.print(f"Ratio {_ratio(wall, 'ingest to CSR'):.2f} (to hold: at most 2), {with_features:.2f} with features")


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
