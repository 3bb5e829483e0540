"""Metrics of given top-k lists, ours beside ranx, in one run: `python benchmarks/metrics.py`.

Both sides get the same lists and targets and compute the same 15 figures (hit rate, recall, NDCG, MRR and
MAP at 5, 10 and 20). ranx takes dictionaries or frames; the first ratio counts its cheapest way from arrays
to its own objects, the second leaves that out. It may use all cores (numba); ours uses one. The figures are
asserted to agree before anything is timed.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable

import numpy as np
import polars as pl
from ranx import Qrels, Run
from ranx import evaluate as ranx_evaluate
from scipy.sparse import csr_array

from tasks.evaluation.hits import Hits
from tasks.evaluation.metrics.hit_rate import HitRate
from tasks.evaluation.metrics.map import AveragePrecision
from tasks.evaluation.metrics.mrr import ReciprocalRank
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.metrics.recall import Recall

METRICS = {
    "hit_rate": HitRate(),
    "recall": Recall(),
    "ndcg": Ndcg(),
    "mrr": ReciprocalRank(),
    "map": AveragePrecision(),
}
CUTS = (5, 10, 20)
NAMES = [f"{name}@{k}" for k in CUTS for name in METRICS]


def made_up(users: int, items: int, length: int, seed: int) -> tuple[np.ndarray, csr_array]:
    """Lists of distinct items; per user up to 20 targets anywhere, and each listed item is one with chance 1 in 20."""
    random = np.random.default_rng(seed)
    start, step = random.integers(0, items, (users, 1)), random.integers(1, items // length, (users, 1))
    ids = (start + step * np.arange(length)) % items
    lengths = random.integers(1, 21, users)
    planted = np.argwhere(random.random(ids.shape) < 0.05)
    rows = np.concatenate([np.repeat(np.arange(users), lengths), planted[:, 0]])
    columns = np.concatenate([random.integers(0, items, lengths.sum()), ids[planted[:, 0], planted[:, 1]]])
    targets = csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(users, items))
    targets.sum_duplicates()
    return ids.astype(np.int32), targets


def ours(ids: np.ndarray, targets: csr_array) -> dict[str, float]:
    hits = Hits.of(ids, targets)
    return {
        f"{name}@{k}": float(np.nanmean(metric.per_user(hits, k))) for k in CUTS for name, metric in METRICS.items()
    }


def ranx_objects(ids: np.ndarray, targets: csr_array) -> tuple[Qrels, Run]:
    users, length = ids.shape
    names = np.char.mod("%d", np.arange(users))
    entries = (
        pl.DataFrame(
            {
                "q_id": np.repeat(names, length),
                "doc_id": ids.ravel().astype(str),
                "score": np.tile(np.arange(length, 0.0, -1), users),
            }
        )
        .to_pandas()
        .astype({"q_id": object, "doc_id": object})
    )
    judged = (
        pl.DataFrame(
            {
                "q_id": np.repeat(names, np.diff(targets.indptr)),
                "doc_id": targets.indices.astype(str),
                "score": np.ones(targets.nnz, dtype=np.int64),
            }
        )
        .to_pandas()
        .astype({"q_id": object, "doc_id": object})
    )
    return Qrels.from_df(judged), Run.from_df(entries)


def ranx_objects_from_dictionaries(ids: np.ndarray, targets: csr_array) -> tuple[Qrels, Run]:
    scores = [float(score) for score in range(ids.shape[1], 0, -1)]
    run = {str(user): dict(zip(map(str, row), scores, strict=True)) for user, row in enumerate(ids.tolist())}
    bounds = targets.indptr.tolist()
    listed = [str(item) for item in targets.indices.tolist()]
    judged = {str(user): dict.fromkeys(listed[bounds[user] : bounds[user + 1]], 1) for user in range(len(ids))}
    return Qrels(judged), Run(run)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median over the repeats."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=30_000)
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    ids, targets = made_up(arguments.users, arguments.items, max(CUTS), seed=0)

    makers = {"frames": ranx_objects, "dictionaries": ranx_objects_from_dictionaries}
    for name, make in makers.items():
        judged, run = make(ids, targets)
        theirs = ranx_evaluate(judged, run, NAMES)  # also compiles numba
        mine = ours(ids, targets)
        worst = max(abs(mine[name] - float(theirs[name])) for name in NAMES)
        assert worst < 1e-9, f"figures differ by {worst}"
    building = {name: seconds(lambda make=make: make(ids, targets), arguments.repeats) for name, make in makers.items()}
    evaluating = seconds(lambda: ranx_evaluate(judged, run, NAMES), arguments.repeats)
    own = seconds(lambda: ours(ids, targets), 3 * arguments.repeats)

    users = arguments.users
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {users} users × {arguments.items} items, {len(NAMES)} figures"
    )
    show("ours", own, users, own)
    for name, taken in building.items():
        show(f"ranx, from {name}", taken + evaluating, users, own)
    show("ranx, objects already made", evaluating, users, own)
    print(f"worst difference of a figure {worst:.1e}")


def show(name: str, taken: float, users: int, own: float) -> None:
    print(f"{name:<28} {taken * 1e3:9.1f} ms  {users / taken:12,.0f} users/s  {taken / own:7.0f} times")


if __name__ == "__main__":
    main()
