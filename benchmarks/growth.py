"""Does memory grow with users × items? Four training runs, hybrid included, on synthetic logs of four sizes.

    python -m benchmarks.growth [--users 8000] [--items 6000]

U users by I items, 4 U by I, U by 4 I, 4 U by 4 I, with as many events per user everywhere. What grows with users
alone, or with items alone, cancels in peak(4 U, 4 I) − peak(4 U, I) − peak(U, 4 I) + peak(U, I); an array over all
users and items would leave 9 · U · I of its entries there: 1 byte for each of a mask, 4 for each of float32 scores.
The figure is what is left, in bytes per user and item. It goes to benchmarks/results/cost.json, with `--output`
elsewhere. Arrays are given back to the system as soon as they are freed: glibc keeps hundreds of megabytes of them
otherwise, now more and now less.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.memory import TRAINING, watched
from tasks.results.goals import BYTES_PER_USER_ITEM
from tasks.results.store import write_cost

RESULTS = Path(__file__).resolve().parent / "results"
TIMES = 4
VISITS, BASKET = 3, 4
# Of glibc: from so many bytes on memory is a mapping of its own, now and after larger ones were freed.
RETURNED = {"MALLOC_MMAP_THRESHOLD_": "65536"}
SETTINGS = ("dataset=file", "trainer=smoke", "tracking=off", "baselines=[]", "refit=false")


def write_log(path: Path, users: int, items: int) -> None:
    """A log in which users come evenly over a year, and item r is taken in proportion to 1 / (r + 10)."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(0)
    rows = users * VISITS * BASKET
    shares = 1 / (np.arange(items) + 10.0)
    first = random.integers(0, 300, users).repeat(VISITS * BASKET)
    later = np.tile(np.arange(VISITS).repeat(BASKET), users) * random.integers(1, 20, users).repeat(VISITS * BASKET)
    # Every item is there from the first day on, so that the catalogue has the size that was asked for.
    frame = pl.DataFrame(
        {
            "user_id": np.concatenate([np.arange(users).repeat(VISITS * BASKET), np.arange(items) % users]),
            "item_id": np.concatenate([random.choice(items, rows, p=shares / shares.sum()), np.arange(items)]),
            "day": np.concatenate([first + later, np.zeros(items, dtype=np.int64)]),
        }
    )
    timestamp = pl.date(2024, 1, 1) + pl.duration(days="day")
    frame.select("user_id", "item_id", timestamp.alias("timestamp")).write_parquet(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=8_000)
    parser.add_argument("--items", type=int, default=6_000)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    peaks = {}
    for more_users in (1, TIMES):
        for more_items in (1, TIMES):
            users, items = more_users * arguments.users, more_items * arguments.items
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "log.parquet"
                write_log(path, users, items)
                run = watched([*SETTINGS, f"dataset.path={path}"], RETURNED)
            peaks[more_users, more_items] = run.peaks[TRAINING]
            print(
                f"{users:7,} users × {items:7,} items  {run.peaks[TRAINING] / 2**30:6.2f} GiB  {run.seconds:4.0f} s",
                flush=True,
            )
    together = peaks[TIMES, TIMES] - peaks[TIMES, 1] - peaks[1, TIMES] + peaks[1, 1]
    figure = together / ((TIMES - 1) ** 2 * arguments.users * arguments.items)
    print(f"per user and item     {figure:6.3f} bytes  (to hold: at most {BYTES_PER_USER_ITEM:g}; a mask would be 1)")
    write_cost(arguments.output, bytes_per_user_item=figure)


if __name__ == "__main__":
    main()
