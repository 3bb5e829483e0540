"""What orchestration costs: a flow of stages that do nothing, against the same functions called plainly.

    python benchmarks/orchestration.py [--repeats 3]

Each measurement is a fresh process, from its start to its end: imports, server start, flow, shutdown. The first
figure is for a new COLDCART_HOME, where Prefect makes its tables, the second for one that has them. At most 20
seconds may be added.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Importing a module of flows settles Prefect's environment; Prefect itself is imported below.
from flows.orchestration import prefect_server
from flows.terminal import configure_terminal

REPOSITORY = Path(__file__).resolve().parents[1]
STAGES = ("ingest", "split", "train", "augment", "evaluate", "refit", "report")
FLOOR_SECONDS = 20.0


def plainly() -> None:
    for name in STAGES:
        do_nothing(name)


def orchestrated() -> None:
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    configure_terminal()
    stage = task(task_run_name="{name}", cache_policy=NO_CACHE)(do_nothing)

    @flow(flow_run_name="nothing")
    def stages() -> None:
        for name in STAGES:
            stage(name)

    with prefect_server():
        stages()


def do_nothing(name: str) -> str:
    return name


def measure(way: str, home: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a fresh process, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    subprocess.run(
        [sys.executable, __file__, "--way", way],
        env=inherited | {"COLDCART_HOME": str(home), "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", choices=["plainly", "orchestrated"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        {"plainly": plainly, "orchestrated": orchestrated}[arguments.way]()
        return
    rows: dict[str, list[tuple[float, float]]] = {"plain functions": [], "flow, new home": [], "flow, known home": []}
    for _ in range(arguments.repeats):
        # Side by side, so that what else the machine does meets all three.
        with tempfile.TemporaryDirectory() as home:
            rows["plain functions"].append(measure("plainly", Path(home)))
            rows["flow, new home"].append(measure("orchestrated", Path(home)))
            rows["flow, known home"].append(measure("orchestrated", Path(home)))
    plain = statistics.median(wall for wall, _ in rows["plain functions"])
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    print(f"{len(STAGES)} stages, medians of {arguments.repeats}; {machine}")
    print(f"{'':18} {'wall s':>8} {'CPU s':>8} {'added s':>8}")
    worst = 0.0
    for name, measured in rows.items():
        wall, cpu = (statistics.median(values) for values in zip(*measured, strict=True))
        print(f"{name:18} {wall:8.2f} {cpu:8.2f} {wall - plain:8.2f}")
        worst = max(worst, wall - plain)
    print(f"at most {FLOOR_SECONDS:.0f} s may be added: {'held' if worst <= FLOOR_SECONDS else 'NOT held'}")


if __name__ == "__main__":
    main()
