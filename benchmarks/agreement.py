"""Figures of real runs, ours beside those of ranx, cell by cell: `python -m benchmarks.agreement ml_100k`.

Methods are fitted with the settings of conf/tuned and answer half B of the validation users at every number of shots.
Every figure that the benchmark would keep (hit rate, recall, NDCG, MRR and MAP at 5, 10 and 20) is computed again by
ranx from the same lists. Printed are NDCG@10 by shots, whose order can be held against the literature, and the worst
difference of a figure; the script fails where one is above 1e-9. Nothing touches test users.
"""

import argparse
import logging
import sys
from typing import TYPE_CHECKING

import numpy as np
from ranx import evaluate as ranx_evaluate

from benchmarks.metrics import NAMES, ranx_objects_from_dictionaries
from benchmarks.tuned_bench import bench_of, settings_of

if TYPE_CHECKING:
    from tasks.benchmark.workbench import Workbench
    from tasks.domain import Posed
    from tasks.evaluation.methods import Method

METHODS = ("popularity", "user_knn_cosine", "item_knn_cosine", "rp3beta", "ease", "ials")
WORST = 1e-9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", default=["ml_100k"])
    parser.add_argument("--methods", nargs="+", default=METHODS)
    given = parser.parse_args()
    from tasks.config import load_config

    logging.disable(logging.WARNING)
    worst, cells = 0.0, 0
    for dataset in given.datasets or ["ml_100k"]:
        bench = bench_of(dataset, load_config([f"dataset={dataset}"]).dataset.questions[0])
        print(f"\n{dataset}, {bench.question}: NDCG@10 of half B by shots")
        for name in given.methods:
            found, differences = compared(bench, name)
            worst, cells = max(worst, *differences), cells + len(differences)
            print(f"  {name:24}" + "  ".join(f"{shots} {value:.4f}" for shots, value in found.items()), flush=True)
    print(f"\n{cells} cells of {len(NAMES)} figures, worst difference from ranx {worst:.1e}")
    if worst > WORST:
        sys.exit(f"expected at most {WORST:g}")


def compared(bench: "Workbench", name: str) -> tuple[dict[str, float], list[float]]:
    """NDCG@10 by shots, and per number of shots the largest difference of a figure from ranx's."""
    from tasks.benchmark.measured import evaluations
    from tasks.benchmark.methods import catalogue

    fitted = catalogue()[name].fit(bench, settings_of(bench, name))
    found, differences = {}, []
    for posed, evaluation in evaluations(bench, fitted, "half_b"):
        rows = evaluation.cells.to_dicts()
        kept = {f"{row['metric']}@{row['k']}": row["value"] for row in rows if not row["variant"]}
        method = fitted.method_for("half_b", posed)
        assert method is not None
        theirs = by_ranx(method, posed, bench.seed)
        differences.append(max(abs(kept[figure] - theirs[figure]) for figure in NAMES))
        found[posed.shots_name.removeprefix("shots_")] = kept["ndcg@10"]
    return found, differences


def by_ranx(method: "Method", posed: "Posed", seed: int) -> dict[str, float]:
    """The same figures by ranx, over users with targets."""
    users = posed.users.with_virtual(None if method.virtual is None else method.virtual(posed.users))
    lists = method.ranker.top_k(users, 20, seed=seed)
    asked = np.flatnonzero(np.diff(posed.targets.indptr))
    judged, run = ranx_objects_from_dictionaries(lists.ids[asked], posed.targets[asked])
    return {name: float(value) for name, value in ranx_evaluate(judged, run, NAMES).items()}


if __name__ == "__main__":
    main()
