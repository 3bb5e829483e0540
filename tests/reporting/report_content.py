"""A made-up report whose every number is known."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from tasks.explanation.curves import CURVES, DIFFERENCES
from tasks.reporting.report.comparison import (
    Cooccurrence,
    Gains,
    Neighbours,
    PopularityCurve,
    ProfileLengths,
    Projection,
    Realism,
    Segment,
)
from tasks.reporting.report.content import Example, Recommended, Report, Results, Training, Tripwire
from tasks.reporting.report.reasons import AttentionMap, Reasons, SimilarUsers
from tasks.reporting.tables import Table, shots_table
from tests.reporting.cells import made_up_cells

METHODS = ("late_popularity", "user_knn", "user_knn_virtual", "generator")
HISTORY = tuple(
    {
        "epoch": float(epoch),
        "loss/generator": 2.0 - epoch / 2,
        "loss/critic": 0.5,
        "critic/accuracy_real": 0.75,
        "critic/accuracy_fake": 0.5,
        "val_a/ndcg": 0.25 + epoch / 4,
    }
    for epoch in range(2)
)
REALISM = Realism(
    shots=3,
    users=2,
    training_users=5,
    projection=Projection(np.array([[0.0, 1.0], [2.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 3.0]]), (0.25, 0.125)),
    popularity=PopularityCurve(np.array([6, 3, 1, 0]), np.array([4, 4, 2, 0])),
    lengths=ProfileLengths(np.array([2, 4]), np.array([20, 20]), "items that users take", "virtual items"),
    cooccurrence=Cooccurrence(("tea", "cup"), np.array([[0.0, 0.5], [0.5, 0.0]]), np.zeros((2, 2)), 0.75),
    neighbours=Neighbours(np.array([0.0, 0.5]), np.array([0.5, 0.75]), np.array([0.25, 0.5])),
)
GAINS = Gains(
    "user_knn_virtual",
    "user_knn",
    "NDCG@10",
    (
        Segment("all users", "all users", 40, 0.3, 0.2, 0.1, 0.05, 0.15, 0.6, 0.2),
        Segment("town", "Ulm", 25, 0.1, 0.2, -0.1, -0.15, -0.05, 0.1, 0.7),
        Segment("town", "Bath", 15, 0.2, 0.2, 0.0, -0.1, 0.1, 0.3, 0.3),
    ),
)
_WHOLE = {"explanation": "contributions", "scorer": "model", "n_users": 20}
REASONS = Reasons(
    curves=pl.DataFrame(
        [
            _WHOLE
            | {"shots": shots, "curve": curve, "order": order, "share": share}
            | {"value": value, "ci_low": value - 0.1, "ci_high": value + 0.1}
            for shots in ("3", "10")
            for curve, ends in (("deletion", (0.0, -1.0)), ("insertion", (-1.0, 0.0)))
            for order, middle in (("explanation", -0.75), ("random", -0.5), ("reversed", -0.25))
            for share, value in zip((0.0, 0.5, 1.0), (ends[0], middle, ends[1]), strict=True)
        ],
        schema=CURVES,
    ),
    differences=pl.DataFrame(
        [
            _WHOLE
            | {"shots": shots, "curve": curve, "against": against, "n_asked": 25}
            | {"value": 0.25, "ci_low": 0.125, "ci_high": 0.375}
            for shots in ("3", "10", "mean")
            for curve in ("first", "deletion", "insertion")
            for against in ("random", "reversed")
        ],
        schema=DIFFERENCES,
    ),
    findings=("Contributions of known items against the score that recommends hold.",),
    maps=(
        AttentionMap(
            items=("Green tea", "Tea cup"),
            is_virtual=np.array([False, True]),
            recommended=("Pot", "Kettle"),
            attention=np.array([0.75, 0.25]),
            speaks=np.array([[1.0, np.nan], [0.0, np.nan]]),
            neighbours=SimilarUsers(np.array([0.5, 0.25]), np.array([0.25, 0.0]), np.array([0.6, 0.4])),
        ),
    ),
)
EXAMPLE = Example(
    shots="1",
    known=(("town", "Ulm"),),
    support=("Green tea",),
    virtual=(("Tea cup", 0.5),),
    more_virtual=3,
    with_virtual=(Recommended("Tea cup", "virtual", True), Recommended("Pot", "real", False)),
    without=(Recommended("Pot", "real", False),),
    targets=4,
)


def made_up_report(**changes: Any) -> Report:
    cells = made_up_cells(METHODS, ("0", "1", "all"))
    report = Report(
        title="shop: conditional, relativistic, seed 0",
        dataset="shop",
        recommender="user_knn",
        augments=True,
        run=(("run", "shop-1"), ("split", "temporal"), ("model fitted on", "all rows (refit)")),
        choices=(("network", "conditional"), ("loss", "relativistic")),
        digests=(("data: sha256 of the source files", "ab" * 32),),
        versions=(("Python", "3.11"),),
        configuration="seed: 0\n",
        quality=Table("What cleaning does", ("rule", "dropped", "repaired"), (("duplicate", "50", "0"),)),
        log=(("rows", "950 of 1,000"),),
        split=(("items in the catalogue", "60"),),
        populations=Table("New users asked", ("known events", "users"), (("1", "120"),)),
        results=Results(
            question="next_visits",
            population="validation users, half B",
            cells=cells,
            methods=METHODS,
            table=shots_table(cells, "next_visits", methods=METHODS),
            findings=("user_knn_virtual against user_knn: NDCG@10 +50.0%.",),
        ),
        training=Training(
            HISTORY,
            "val_a/ndcg",
            2,
            (
                Tripwire("coverage", "covers too little", 0.1, None, (0.05, 0.5)),
                Tripwire("cooccurrence_distance", "", None, None, (0.5, float("nan"))),
            ),
        ),
        realism=REALISM,
        gains=(GAINS,),
        reasons=REASONS,
        examples=(EXAMPLE,),
        newest="2024-03-01 12:00",
    )
    return replace(report, **changes)
