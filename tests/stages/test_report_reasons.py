"""What the report says of explanations, from the figures."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tasks.explanation import ExplainedHybrid
from tasks.explanation.curves import DIFFERENCES
from tasks.explanation.explained import AttentionPart
from tasks.explanation.verdict import verdict
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.sources import FilterSource
from tasks.recommenders.attention.attention_filter import AttentionFilter
from tasks.stages.report_reasons import findings_of, map_of
from tests.augmentation.made_up import BlockGenerator
from tests.model_format.models import CompleteProfiles, Policy
from tests.worlds import block_new_users, block_training

ITEMS = 60


def bounds(low: float, high: float) -> dict[str, float]:
    return {"ci_low": low, "ci_high": high}


@pytest.mark.parametrize(
    ("deletion", "insertion", "said"),
    [
        ((0.1, 0.2), (0.1, 0.3), "hold: better"),
        ((-0.2, -0.1), (-0.3, -0.1), "do not hold: worse"),
        ((0.1, 0.2), (-0.1, 0.3), "hold in part"),
        ((-0.1, 0.2), (-0.1, 0.3), "do not hold: no better"),
        ((0.1, 0.2), (-0.3, -0.1), "do not hold: no better"),
    ],
)
def test_the_verdict_follows_from_the_intervals(
    deletion: tuple[float, float], insertion: tuple[float, float], said: str
) -> None:
    assert verdict([bounds(*deletion), bounds(*insertion)]).startswith(said)


def test_a_finding_names_explanation_score_and_figures() -> None:
    rows = [
        {"explanation": "attention", "scorer": "model", "shots": shots, "curve": curve, "against": against}
        | {"value": -0.25, "ci_low": -0.5, "ci_high": -0.125, "n_users": 9, "n_asked": 9}
        for shots in ("3", "mean")
        for curve in ("first", "deletion", "insertion")
        for against in ("random", "reversed")
    ]
    assert findings_of(pl.DataFrame(rows, schema=DIFFERENCES)) == (
        "Weights of attention to known items against the score that recommends do not hold: worse than a random order "
        "by deletion and by insertion (first item -0.250 (-0.500 to -0.125); deletion -0.250 (-0.500 to -0.125); "
        "insertion -0.250 (-0.500 to -0.125)).",
    )


def test_attention_of_a_user_tells_real_from_virtual() -> None:
    fitted = AttentionFilter(neighbours=30).fit(block_training())
    way, generator = CompleteProfiles(Policy(items=8, draws=1)), BlockGenerator()
    part = AttentionPart(fitted, lambda users: way.complete(generator, users, 0))
    gate = Gate(("attention",), np.ones(1), np.ones(1))
    explained = ExplainedHybrid(Hybrid(ITEMS, (FilterSource("attention", fitted, part.completion),), gate))
    user = block_new_users().users.select(np.array([4]))
    shown = map_of(explained, part, user, [f"item {row}" for row in range(ITEMS)])
    assert shown.items[:3] == tuple(f"item {item}" for item in user.items)
    assert shown.is_virtual.tolist() == [False] * 3 + [True] * 5
    assert len(set(shown.items)) == 8
    assert 0 < shown.attention.sum() <= 1 + 1e-6
    assert (np.diff(shown.attention[3:]) <= 0).all()
    assert shown.speaks.shape == (8, 5)
    assert np.nanmax(shown.speaks.sum(axis=0)) <= 1 + 1e-6
    near = shown.neighbours
    assert len(near.real) == 10
    assert ((near.real >= -1e-6) & (near.virtual >= 0) & (near.real + near.virtual <= 1 + 1e-6)).all()
    assert near.virtual.sum() > 0
    assert (np.diff(near.attention) <= 0).all()
    alone = map_of(explained, replace(part, completion=None), user, [f"item {row}" for row in range(ITEMS)])
    assert alone.is_virtual.tolist() == [False] * 3
    assert alone.attention.sum() == pytest.approx(1, rel=1e-5)
    assert alone.neighbours.virtual.sum() == 0
