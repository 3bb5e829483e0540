"""What each part of the hybrid is worth on half A of the validation users: the table of docs/experiments.md.

    python -m benchmarks.hybrid_experiments ta_feng online_retail rent_the_runway

Everything is fitted once with the settings of conf/tuned; then gates with parts left out, or fitted otherwise, are
learned from half B and rank half A, which none of them saw. A gain is that
of the change over the standard, in NDCG@10, mean over s >= 1, with a 95 % interval (users resampled). Candidates are
the best items of every score. Nothing touches test users.
"""

import argparse
import logging
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.tuned_bench import bench_of, settings_of

if TYPE_CHECKING:
    from tasks.hybrid.fit import Learned
    from tasks.hybrid.gate import Choices, Gate

RIDGE = 0.01
SHOTS = 5
DEPTH = 30


@dataclass(frozen=True)
class Change:
    """One change of the standard.

    Attributes:
        question: What it asks.
        without: Names, or beginnings of names ending in *, of scores that are left out.
        ridge: Of the gate.
        start: ``filters`` (the standard, all alike), ``filter`` (the best one), ``popularity``, or ``none``: the ridge
            draws to 0.
        constant: Whether weights are the same for any number of events.
        stay: Whether the gate stays where it starts.

    """

    question: str
    without: tuple[str, ...] = ()
    ridge: float = RIDGE
    start: str = "filters"
    constant: bool = False
    stay: bool = False


CHANGES = (
    Change("Does anything made by the generator help? All of it left out", ("generator", "*_virtual")),
    Change("Does the generator's own score help?", ("generator",)),
    Change("Do completed profiles help?", ("*_virtual",)),
    Change("Does UserKNN on completed profiles help?", ("user_knn_cosine_virtual",)),
    Change("Does attention help? Left out on real and completed profiles", ("attention", "attention_virtual")),
    Change("Does attention over virtual behaviour help?", ("attention_virtual",)),
    Change("Do similarities within visits help?", ("same_visit",)),
    Change("Do texts help?", ("knn_text",)),
    Change("Do features of users help?", ("segment_popularity",)),
    Change("Does recency help?", ("decayed_popularity_*",)),
    Change("Does what is taken in later visits help?", ("late_popularity",)),
    Change("Is one filter enough? UserKNN alone", ("item_knn_cosine", "rp3beta", "ials", "knn_text", "same_visit")),
    Change("Does factorisation help?", ("ials",)),
    Change("Does the random walk help?", ("rp3beta",)),
    Change("Should the gate start from the best filter?", start="filter"),
    Change("Should it stay at the best filter? Nothing learned", start="filter", stay=True),
    Change("Should the gate start from popularity alone?", start="popularity"),
    Change("Should the gate be drawn to nothing?", start="none"),
    Change("Is the start enough? Nothing learned", stay=True),
    Change("Are weights that do not change with the number of events enough?", constant=True),
    Change("A weaker ridge, 0.001", ridge=0.001),
    Change("A stronger ridge, 0.1", ridge=0.1),
    Change("A stronger ridge, 1", ridge=1.0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    print("| data set | question | NDCG@10 | gain of the change |\n|---|---|---|---|", flush=True)
    for dataset in given.datasets:
        learned, tuning, asked = learned_on(dataset, "next_visits")
        standard = _values(learned, tuning, Change("standard"), asked)
        print(f"| {dataset} | the standard | {standard.mean():.4f} | |", flush=True)
        for change in CHANGES:
            _print(dataset, change, _values(learned, tuning, change, asked), standard)


def learned_on(dataset: str, question: str) -> "tuple[Learned, Choices, NDArray[np.int64]]":
    """Everything the gate is fitted to, the candidates of half A, and who of half A is asked."""
    from tasks.benchmark.hybrid_methods import HybridMethod
    from tasks.hybrid.candidates import choices_of
    from tasks.hybrid.gate import Choices
    from tasks.method_names import HYBRID

    bench = bench_of(dataset, question)
    learned = HybridMethod().learned(bench, settings_of(bench, HYBRID))
    half_a = bench.posed("half_a")
    asked = [posed.population[np.diff(posed.targets.indptr) > 0] for posed in half_a if posed.shots != 0]
    looked = [choices_of(learned.sources, one, np.zeros(len(one.users), dtype=np.uint8), DEPTH) for one in half_a]
    return learned, Choices.joined(looked), np.unique(np.concatenate(asked))


def _values(learned: "Learned", tuning: "Choices", change: Change, asked: NDArray[np.int64]) -> NDArray[np.float64]:
    """NDCG@10 of half A, mean over s >= 1 per user (U,); users none of whose targets is a candidate have 0."""
    from tasks.hybrid.fit import filters_of, priors_of
    from tasks.hybrid.gate import Gate, fit_gate
    from tasks.hybrid.start import equal_start, ndcg, ndcg_of

    kept = [number for number, one in enumerate(learned.sources) if not _left_out(one.name, change.without)]
    sources = [learned.sources[number] for number in kept]
    names = tuple(source.name for source in sources)
    learning, asking = (_only(choices, kept) for choices in (learned.choices, tuning))
    if change.constant:
        learning, asking = (replace(one, shots=np.full_like(one.shots, 10)) for one in (learning, asking))
    filters = [] if change.start == "popularity" else filters_of(sources)
    start = equal_start(names, priors_of(sources), filters, learning)
    if change.start == "filter":
        each = [equal_start(names, priors_of(sources), [one], learning) for one in filters]
        start = max(each, key=lambda gate: ndcg(ranking(gate, learning), learning))
    if change.start == "none":
        start = Gate(names, 0 * start.few, 0 * start.many)
    gate = start if change.stay else fit_gate(learning, start, change.ridge)
    found = np.where(tuning.shots > 0, ndcg_of(ranking(gate, asking), asking), 0.0)
    # A user is asked at five numbers of shots (next_visits); where none of the targets is a candidate it counts 0.
    return np.bincount(np.searchsorted(asked, tuning.user), weights=found, minlength=len(asked)) / SHOTS


def ranking(gate: "Gate", choices: "Choices") -> NDArray[np.float32]:
    """What a gate makes of the candidates, (C,)."""
    row = np.repeat(np.arange(len(choices.shots)), np.diff(choices.starts))
    scores: NDArray[np.float32] = np.einsum("cm,cm->c", choices.scores, gate.at(choices.shots)[row])
    return scores


def _print(dataset: str, change: Change, ours: NDArray[np.float64], standard: NDArray[np.float64]) -> None:
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(ours), (2000, len(ours)))
    gains = ours[drawn].mean(axis=1) / standard[drawn].mean(axis=1) - 1
    low, high = np.quantile(gains, [0.025, 0.975])
    gain = ours.mean() / standard.mean() - 1
    print(f"| {dataset} | {change.question} | {ours.mean():.4f} | {gain:+.1%} ({low:+.1%} … {high:+.1%}) |", flush=True)


def _only(choices: "Choices", kept: list[int]) -> "Choices":
    return replace(choices, scores=np.ascontiguousarray(choices.scores[:, kept]))


def _left_out(name: str, without: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in without)


if __name__ == "__main__":
    main()
