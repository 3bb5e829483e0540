"""What the hybrid costs: a whole training run on Ta-Feng with two threads, and a list for one new user on one core.

    python -m benchmarks.cost                     # trains, then scores with the model that came out
    python -m benchmarks.cost --model <run folder>   # scores only

A new user has three events; what counts is the whole way from the table of events to the table of the list
(`Model.recommend`), of which ranking the encoded user (`Model.rank`) is a part. It is the median of the core's time, in
which what else runs on the machine does not count; wall time stands beside it. Training is wall time. Figures go to
benchmarks/results/cost.json, with `--output` elsewhere.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.results.store import write_cost
from tasks.runs.files import read_json

if TYPE_CHECKING:
    from tasks.model_format import Model

RESULTS = Path(__file__).resolve().parent / "results"
TRAINING_SECONDS, SCORING_MILLISECONDS = 600.0, 5.0
EVENTS, K = 3, 10


def trained(home: Path, overrides: list[str]) -> tuple[Path, float]:
    """The run folder of a fresh training, and the wall seconds of its process."""
    environment = {**os.environ, "COLDCART_HOME": str(home), "OMP_NUM_THREADS": "2"}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "flows.train", "dataset=ta_feng", "tracking=off", *overrides],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    seconds = time.perf_counter() - started
    (summary,) = (home / "runs").glob("*/summary.json")
    return Path(read_json(summary)["run_folder"]), seconds


def requests(model: "Model", users: int, seed: int = 0) -> list[Any]:
    """Tables of three events each, popular items more often."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(seed)
    popularity: Any = model.popularity
    shares = np.maximum(popularity.scores.astype(np.float64), 0)
    shares /= shares.sum()
    ids = model.items.ids
    return [
        pl.DataFrame(
            {
                "user_id": [f"new {number}"] * EVENTS,
                "item_id": ids.gather(random.choice(len(ids), EVENTS, replace=False, p=shares)),
            }
        )
        for number in range(users)
    ]


def scored(model: "Model", users: int) -> dict[str, list[float]]:
    """Milliseconds per user: of the whole request, of the ranking alone, and the former as wall time."""
    from tasks.model_format.requests import RequestReader

    asked = requests(model, users)
    reader = RequestReader(model.items, model.encoder, model.times, model.kinds, model.header.newest or 0)
    found: dict[str, list[float]] = {"request": [], "ranking": [], "request, wall": []}
    for number, events in enumerate(asked):
        wall, started = time.perf_counter(), time.process_time()
        model.recommend(events, k=K)
        whole, taken = time.process_time() - started, time.perf_counter() - wall
        encoded = reader.read(events).users
        started = time.process_time()
        model.rank(encoded, K)
        ranking = time.process_time() - started
        if number >= users // 10:  # the first warm caches
            for name, seconds in (("request", whole), ("ranking", ranking), ("request, wall", taken)):
                found[name].append(1e3 * seconds)
    return found


def by_score(model: "Model", users: int) -> dict[str, float]:
    """Milliseconds of a core per user that each score of the hybrid takes alone, the costliest first."""
    import numpy as np

    from tasks.hybrid.gate import Gate
    from tasks.hybrid.online.plan import OnlinePlan
    from tasks.model_format.requests import RequestReader

    reader = RequestReader(model.items, model.encoder, model.times, model.kinds, model.header.newest or 0)
    encoded = [reader.read(events).users for events in requests(model, users)]
    found = {}
    for source in model.hybrid.sources if model.hybrid is not None else ():
        plan = OnlinePlan(len(model.items), (source,), Gate((source.name,), np.ones(1), np.ones(1)))
        taken = []
        for one in encoded:
            started = time.process_time()
            plan.parts(one)
            taken.append(1e3 * (time.process_time() - started))
        found[source.name] = statistics.median(taken[users // 10 :])
    return dict(sorted(found.items(), key=lambda named: -named[1]))


def on_one_core() -> None:
    """Threads of every library, and the process itself."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a run folder: nothing is trained")
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("overrides", nargs="*", help="of the training, for example seed=1")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as home:
        folder, seconds = arguments.model, None
        if folder is None:
            folder, seconds = trained(Path(home), arguments.overrides)
            print(f"training on Ta-Feng, 2 threads   {seconds:8.0f} s   (to hold: at most {TRAINING_SECONDS:g})")
        on_one_core()
        from tasks.stages.ship import load_model  # imports libraries that count their threads when imported

        model = load_model(folder / "model")
        if model.hybrid is None:
            sys.exit(f"{folder}: the model has no hybrid")
        milliseconds = {name: statistics.median(taken) for name, taken in scored(model, arguments.users).items()}
        alone = by_score(model, min(arguments.users, 200))
    whole, ranking = milliseconds["request"], milliseconds["ranking"]
    print(f"one new user, {EVENTS} events, one core {whole:8.2f} ms  (to hold: at most {SCORING_MILLISECONDS:g})")
    print(f"  of which ranking                {ranking:8.2f} ms")
    for name, taken in alone.items():
        print(f"    {name:<30}{taken:8.2f} ms alone")
    print(f"  wall time of the whole          {milliseconds['request, wall']:8.2f} ms")
    write_cost(arguments.output, seconds, whole)


if __name__ == "__main__":
    main()
