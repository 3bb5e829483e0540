"""What is compared with what, and tested how: gains, p-values, and the families that Holm's correction goes over.

Family (a): ``hybrid`` against the reference at every number of shots, over all data sets and questions. Families
(b), one per placebo: collaborative filtering over profiles filled by the generator against the same filled by the
placebo, one test per data set and question on the users' means over s ≥ 1.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.statistics import holm, known_mean, paired, paired_permutation, paired_permutations
from tasks.method_names import HYBRID, VIRTUAL
from tasks.results.cell import PER_USER
from tasks.results.panel import Panel
from tasks.results.references import References

ABLATIONS = (
    "hybrid_no_virtual",
    "hybrid_no_noise",
    "hybrid_no_feature_matching",
    "hybrid_no_side_features",
    "hybrid_no_fade",
)
"""The hybrid without one of its parts; beside these there is one per loss."""
LOSS_ABLATION = "hybrid_loss_"
"""Before the name of a loss."""
NDCG, HIT_RATE = PER_USER
GAIN, DIFFERENCE = "ndcg_gain", "ndcg_difference"
"""Against the reference, by method."""
GAIN_OVER_HYBRID = "ndcg_gain_over_hybrid"
"""Of an ablation, over the seeds that both have."""
GAIN_OVER_FILL = "ndcg_gain_of_virtual_over_fill"
"""Of ``<cf>_virtual`` over the same filled by a placebo; stands in the placebo's row."""
COMPARED_WITH = "compared_with"
"""A placebo's setting that names the method it is to be held against."""
_USUAL = "user_knn_cosine_virtual"


@dataclass(frozen=True)
class Comparison:
    """Two methods' NDCG@10 of the same users.

    Attributes:
        metric: Name of the gain in the summary.
        method: In whose row it stands.
        ours: float64 (U, S); ``nan`` where ``theirs`` is, and the other way round.
        theirs: float64 (U, S).

    """

    metric: str
    method: str
    ours: NDArray[np.float64] = field(repr=False)
    theirs: NDArray[np.float64] = field(repr=False)


def seed_of(*parts: str) -> int:
    """A seed from names, the same everywhere."""
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:8], "big")


def comparisons_of(panel: Panel, references: References) -> tuple[Comparison, ...]:
    """Every gain that is reported: of all methods but baselines, of ablations over the hybrid, over placebos."""
    found = []
    bar = references.values(panel, NDCG)
    values = {name: panel.values(name, NDCG) for name in panel.methods if panel.role(name) != "baseline"}
    if references.by_shots:
        found += [Comparison(GAIN, name, *paired(own, bar)) for name, own in values.items()]
    for name, own in values.items():
        if panel.role(name) == "placebo" and (virtual := companion(panel, name)):
            found.append(Comparison(GAIN_OVER_FILL, name, *paired(panel.values(virtual, NDCG), own)))
        elif panel.role(name) == "ablation" and HYBRID in panel.methods:
            common = set(panel.seeds(name)) & set(panel.seeds(HYBRID))
            if common:
                ours, whole = (panel.values(one, NDCG, common) for one in (name, HYBRID))
                found.append(Comparison(GAIN_OVER_HYBRID, name, *paired(ours, whole)))
    return tuple(found)


def companion(panel: Panel, placebo: str) -> str | None:
    """The ``<cf>_virtual`` that differs from a placebo by its filling only; None where it was not run.

    The placebo's setting ``compared_with`` names it. Without one it is the only ``<cf>_virtual`` there is, or that of
    UserKNN.
    """
    named = panel.cells[placebo][0].settings.get(COMPARED_WITH)
    virtual = [name for name in panel.methods if name.endswith(VIRTUAL) and panel.role(name) == "ours"]
    if named is None:
        named = virtual[0] if len(virtual) == 1 else _USUAL
    return named if named in panel.methods else None


def reference_tests(panel: Panel, references: References, resamples: int) -> dict[tuple[str, str], float]:
    """p-values by method and shots: each method's NDCG@10 against the reference's; none for the reference itself."""
    bar = references.values(panel, NDCG)
    values = {name: panel.values(name, NDCG) for name in panel.methods}
    tests: dict[tuple[str, str], float] = {}
    for place, shots in enumerate(panel.shots):
        if shots not in references.by_shots:
            continue
        rivals = [name for name in panel.methods if name != references.by_shots[shots]]
        if rivals:
            apart = np.stack([values[name][:, place] - bar[:, place] for name in rivals], axis=1)
            p = paired_permutations(apart, resamples, seed_of("reference", panel.dataset, panel.question, shots))
            tests |= {(name, shots): float(one) for name, one in zip(rivals, p, strict=True) if not np.isnan(one)}
    return tests


def placebo_tests(panel: Panel, comparisons: Sequence[Comparison], resamples: int) -> dict[str, float]:
    """p-values by placebo, on the users' means over s ≥ 1."""
    tests = {}
    for one in comparisons:
        if one.metric == GAIN_OVER_FILL:
            apart = known_mean((one.ours - one.theirs)[:, list(panel.known)])
            seed = seed_of("placebo", panel.dataset, panel.question, one.method)
            tests[one.method] = paired_permutation(apart, resamples, seed)
    return {name: p for name, p in tests.items() if not np.isnan(p)}


Test = tuple[str, str, str, str]
"""Data set, question, method and shots."""


def corrected(tests: Mapping[Test, float], placebos: Mapping[Test, float]) -> dict[Test, float]:
    """Holm's adjusted p-values of the tests that belong to a family.

    Args:
        tests: Methods against references; those of ``hybrid`` are family (a).
        placebos: Tests of placebos; each placebo's are a family.

    """
    families = [{test: p for test, p in tests.items() if test[2] == HYBRID}]
    for name in sorted({test[2] for test in placebos}):
        families.append({test: p for test, p in placebos.items() if test[2] == name})
    adjusted: dict[Test, float] = {}
    for family in families:
        adjusted |= dict(zip(family, map(float, holm(list(family.values()))), strict=True))
    return adjusted
