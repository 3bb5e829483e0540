"""On what a benchmark ran, and how long it took: ``environment.json``."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from tasks.benchmark.settings import cores
from tasks.results.store import read_cell, read_manifest
from tasks.runs.files import read_json

LIBRARIES = ("torch", "numpy", "scipy", "polars", "scikit-learn", "implicit", "similaripy", "optuna")
_GIGABYTE = 2**30


def environment(folder: Path, *, workers: int, wall_seconds: float) -> dict[str, Any]:
    """Hardware, versions and times of the results in a folder.

    Args:
        folder: Folder of the results, with its manifest.
        workers: Processes that worked side by side.
        wall_seconds: Time of this benchmark; that of earlier ones into the same folder is added.

    """
    cells = [read_cell(folder, name) for name in read_manifest(folder).cells]
    tunings = {
        (cell.key.dataset, cell.key.question, cell.key.method): cell.seconds.get("tune", 0.0)
        for cell in cells
        if cell.trials
    }
    return {
        "hardware": {
            "processor": processor(),
            "cores": cores(),
            "memory": f"{psutil.virtual_memory().total / _GIGABYTE:.0f} GB",
            "system": platform.system(),
        },
        "versions": {"python": platform.python_version(), **versions()},
        "workers": workers,
        "tuning_seconds": round(sum(tunings.values()), 1),
        "measuring_seconds": round(sum(cell.seconds["fit"] + cell.seconds["measure"] for cell in cells), 1),
        "total_seconds": round(_earlier(folder).get("total_seconds", 0.0) + wall_seconds, 1),
        "seconds_per_cell": {cell.key.name: round(cell.seconds["fit"] + cell.seconds["measure"], 2) for cell in cells},
    }


def processor() -> str:
    """Name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or os.name


def versions() -> Mapping[str, str]:
    """Versions of the libraries that results depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _earlier(folder: Path) -> Mapping[str, Any]:
    path = folder / "environment.json"
    return read_json(path) if path.exists() else {}
