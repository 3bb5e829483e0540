"""Scoring, lists and metrics beside the bare matrix product, and kNN beside plain scipy.

    python -m benchmarks.scoring --repeats 7

First, 30,000 users × 12,000 items with 64 factors: the bare product in blocks into a reused buffer (a fresh
array of 1.4 GB would be slower), beside `FittedRecommender.top_k` on the same product and all accuracy metrics
at 5, 10 and 20. Then new users with five events against a made-up log of Ta-Feng's size and tail: UserKNN and
ItemKNN beside the same arithmetic in plain scipy and numpy without any care for ties. Scores are asserted to
agree before anything is timed. Everything alternates in one process; medians.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from scipy.sparse import csr_array

from tasks.domain import Histories, ItemFeatures, NewUsers, Provenance, Ragged, Training, UserFeatures, Warm
from tasks.evaluation.hits import Hits
from tasks.evaluation.metrics.hit_rate import HitRate
from tasks.evaluation.metrics.map import AveragePrecision
from tasks.evaluation.metrics.mrr import ReciprocalRank
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.metrics.recall import Recall
from tasks.recommenders import FittedRecommender
from tasks.recommenders.base import EvidenceOf
from tasks.recommenders.item_knn import ItemKNNCosine
from tasks.recommenders.ranking import BLOCK_USERS, blocks
from tasks.recommenders.user_knn import UserKNNCosine

METRICS = (HitRate(), Recall(), Ndcg(), ReciprocalRank(), AveragePrecision())
CUTS = (5, 10, 20)
K = 20


@dataclass(eq=False)
class Factors(FittedRecommender):
    """Scores by a matrix product; a user's id is the row of its factors."""

    provenance: Provenance
    users: np.ndarray  # float32 (U, 64)
    items: np.ndarray  # float32 (64, I)

    def __post_init__(self) -> None:
        self.n_items = self.items.shape[1]

    def score(self, users: NewUsers) -> np.ndarray:
        """Scores of a block."""
        return self.users[users.ids.astype(np.intp)] @ self.items

    def score_into(self, users: NewUsers, out: np.ndarray) -> EvidenceOf:
        """The product, into the reused buffer."""
        np.matmul(self.users[users.ids.astype(np.intp)], self.items, out=out)
        return lambda ids: self.evidence(users, ids)


def new_users(matrix: csr_array) -> NewUsers:
    users = matrix.shape[0]
    return NewUsers(
        rows=Ragged(matrix.indptr.astype(np.int64)),
        items=matrix.indices.astype(np.int32),
        times=None,
        weights=matrix.data.astype(np.float32),
        features=UserFeatures.none(users),
        now=None,
        ids=np.arange(users, dtype=np.uint64),
    )


def long_tailed(lengths: np.ndarray, items: int, random: np.random.Generator) -> csr_array:
    """Distinct items per user from a Zipf-like tail, fifty tastes shifting where the head lies; CSR.

    Weights are random, so that neighbours and items are hardly ever equal and two programs must agree.
    """
    rows = np.repeat(np.arange(len(lengths)), lengths)
    taste = np.repeat(random.integers(0, 50, len(lengths)), lengths)
    drawn = (np.exp(random.random(len(rows)) * np.log(items)) - 1).astype(np.int64)
    own = random.random(len(rows)) < 0.5
    columns = np.where(own, (drawn + taste * 37) % items, drawn)
    matrix = csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(lengths), items))
    matrix.sum_duplicates()
    matrix.data = random.uniform(0.5, 1.5, matrix.nnz).astype(np.float32)
    return matrix


def training_on(matrix: csr_array) -> Training:
    users, items = matrix.shape
    entries = matrix.nnz
    nothing = Ragged.from_lengths(np.zeros(users, dtype=np.int64))
    histories = Histories(
        users=np.arange(users, dtype=np.int32),
        rows=Ragged(matrix.indptr.astype(np.int64)),
        items=matrix.indices.astype(np.int32),
        times=None,
        visits=np.zeros(entries, dtype=np.int32),
        weights=matrix.data,
        is_target=np.ones(entries, dtype=np.bool_),
        repeat_rows=nothing,
        repeat_items=np.zeros(0, dtype=np.int32),
    )
    warm = Warm(histories, items, pl.DataFrame({"user_id": np.arange(users)}), np.ones(users, dtype=np.bool_), None)
    return Training(warm, UserFeatures.none(users), ItemFeatures.none(items))


def largest(dense: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and values of the k largest per row, best first, as numpy does it."""
    columns = np.argpartition(dense, dense.shape[1] - k, axis=1)[:, -k:]
    values = np.take_along_axis(dense, columns, axis=1)
    order = np.argsort(-values, axis=1)
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)


def unit_rows(matrix: csr_array) -> csr_array:
    lengths = np.diff(matrix.indptr)
    norms = np.sqrt(matrix.multiply(matrix).sum(axis=1)).astype(np.float32)
    return csr_array((matrix.data / np.repeat(norms, lengths), matrix.indices, matrix.indptr), shape=matrix.shape)


def scipy_user_knn(queries: csr_array, warm: csr_array, neighbours: int) -> np.ndarray:
    """Scores of the best items, (U, K)."""
    scores = np.empty((queries.shape[0], K), dtype=np.float32)
    by_item = unit_rows(warm).T.tocsr()
    for start in range(0, queries.shape[0], BLOCK_USERS):
        block = queries[start : start + BLOCK_USERS]
        columns, values = largest((unit_rows(block) @ by_item).toarray(), neighbours)
        rows = np.repeat(np.arange(block.shape[0]), neighbours)
        similar = csr_array((values.ravel(), (rows, columns.ravel())), shape=(block.shape[0], warm.shape[0]))
        scores[start : start + BLOCK_USERS] = list_scores((similar @ warm).toarray(), block)
    return scores


def scipy_item_knn(queries: csr_array, similar: csr_array) -> np.ndarray:
    scores = np.empty((queries.shape[0], K), dtype=np.float32)
    for start in range(0, queries.shape[0], BLOCK_USERS):
        block = queries[start : start + BLOCK_USERS]
        scores[start : start + BLOCK_USERS] = list_scores((block @ similar).toarray(), block)
    return scores


def list_scores(dense: np.ndarray, support: csr_array) -> np.ndarray:
    dense[support.nonzero()] = -np.inf
    return largest(dense, K)[1]


def alternate(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def ratio(seconds: dict[str, list[float]], name: str, to: str) -> float:
    """Median of the ratios of neighbouring runs: what slows the machine slows both."""
    return statistics.median(own / other for own, other in zip(seconds[name], seconds[to], strict=True))


def show(seconds: dict[str, list[float]], users: int, to: str) -> None:
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"  {name:<34} {median:8.3f} s {users / median:11,.0f} users/s {ratio(seconds, name, to):7.2f} × {to}")


def factors(users: int, items: int, repeats: int) -> None:
    random = np.random.default_rng(0)
    left = random.standard_normal((users, 64), dtype=np.float32)
    right = random.standard_normal((64, items), dtype=np.float32)
    support = long_tailed(np.full(users, 5), items, random)
    targets = long_tailed(random.integers(1, 21, users), items, random)
    fitted = Factors(Provenance.of("factors", np.arange(users), None), left, right)
    constant = Factors(fitted.provenance, np.zeros_like(left), right)
    asked = new_users(support)
    buffer = np.empty((BLOCK_USERS, items), dtype=np.float32)

    def product() -> None:
        for block in blocks(users, items):
            np.matmul(left[block], right, out=buffer[: block.stop - block.start])

    def evaluate(recommender: FittedRecommender) -> list[float]:
        hits = Hits.of(recommender.top_k(asked, K).ids, targets)
        return [float(np.nanmean(metric.per_user(hits, k))) for metric in METRICS for k in CUTS]

    works: dict[str, Callable[[], object]] = {
        "matrix product": product,
        "scores and lists": lambda: fitted.top_k(asked, K),
        "scores, lists, 15 figures": lambda: evaluate(fitted),
        "the same, every score tied": lambda: evaluate(constant),
    }
    for work in works.values():
        work()
    print(f"{users:,} users × {items:,} items, 64 factors")
    seconds = alternate(works, repeats)
    show(seconds, users, "matrix product")
    found = ratio(seconds, "scores, lists, 15 figures", "matrix product")
    print(f"  ratio {found:.2f} (to hold: at most 3)")


def neighbours(users: int, repeats: int) -> None:
    random = np.random.default_rng(1)
    warm = long_tailed(random.geometric(1 / 15, 16_000), 17_000, random)
    queries = long_tailed(np.full(users, 5), 17_000, random)
    training, asked = training_on(warm), new_users(queries)
    user_knn, item_knn = UserKNNCosine(neighbours=300).fit(training), ItemKNNCosine(neighbours=200).fit(training)
    for own, plain in (
        (user_knn, scipy_user_knn(queries, warm, 300)),
        (item_knn, scipy_item_knn(queries, item_knn.similar)),
    ):
        scores = np.maximum(own.top_k(asked, K).scores, 0)
        assert np.allclose(scores, plain, atol=1e-3), "kNN and scipy disagree"
    works: dict[str, Callable[[], object]] = {
        "UserKNN, scipy": lambda: scipy_user_knn(queries, warm, 300),
        "UserKNN, top_k": lambda: user_knn.top_k(asked, K),
        "ItemKNN, scipy": lambda: scipy_item_knn(queries, item_knn.similar),
        "ItemKNN, top_k": lambda: item_knn.top_k(asked, K),
    }
    print(
        f"{users:,} new users, 5 events each; {warm.shape[0]:,} warm users, {warm.shape[1]:,} items, {warm.nnz:,} pairs"
    )
    seconds = alternate(works, repeats)
    for kind in ("UserKNN", "ItemKNN"):
        show({name: taken for name, taken in seconds.items() if name.startswith(kind)}, users, f"{kind}, scipy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=30_000)
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--new-users", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1, help="of torch (BLAS follows OMP_NUM_THREADS)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {arguments.threads} torch threads, "
        f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}, median of {arguments.repeats}"
    )
    factors(arguments.users, arguments.items, arguments.repeats)
    neighbours(arguments.new_users, arguments.repeats)


if __name__ == "__main__":
    main()
