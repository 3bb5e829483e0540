"""Peak memory of a whole run, all its processes together.

    python -m benchmarks.memory [overrides, by default experiment=demo]

Runs `python -m flows.train` in a fresh home and looks at the resident memory of the process and its children (the
temporary Prefect server among them) ten times a second.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

LIMIT_GIB = 3.0
TRAINING, ALL = "training process", "all processes"


@dataclass(frozen=True)
class Watched:
    """A run that was looked at.

    Attributes:
        seconds: Wall time.
        peaks: Largest resident bytes seen, of ``TRAINING`` and of ``ALL``.

    """

    seconds: float
    peaks: dict[str, int]


def watched(overrides: list[str], more: Mapping[str, str] | None = None) -> Watched:
    """Train in a fresh home, with more variables; ends the script with what the run said where it fails."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, **(more or {}), "COLDCART_HOME": home}
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.train", *overrides],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        peaks = {TRAINING: 0, ALL: 0}
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True)
        watcher.start()
        output = process.communicate()[0].decode()
        seconds = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(output)
    return Watched(seconds, peaks)


def main() -> None:
    overrides = sys.argv[1:] or ["experiment=demo"]
    run = watched(overrides)
    print(f"python -m flows.train {' '.join(overrides)}: {run.seconds:.0f} s")
    for what, peak in run.peaks.items():
        print(f"  {what:18} {peak / 2**30:.2f} GiB")
    held = run.peaks[ALL] / 2**30 <= LIMIT_GIB
    print(f"  to hold: at most {LIMIT_GIB:g} GiB ({'holds' if held else 'does not hold'})")


def _watch(pid: int, peaks: dict[str, int]) -> None:
    """Keep the largest sums seen; pages shared between processes count for each."""
    while True:
        try:
            parent = psutil.Process(pid)
            own = parent.memory_info().rss
            together = own + sum(_resident(child) for child in parent.children(recursive=True))
        except psutil.NoSuchProcess:
            return
        peaks[TRAINING] = max(peaks[TRAINING], own)
        peaks[ALL] = max(peaks[ALL], together)
        time.sleep(0.1)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    main()
