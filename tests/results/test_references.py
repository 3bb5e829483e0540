from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tasks.errors import DataError
from tasks.results.cell import Cell
from tasks.results.panel import Panel, panels_of
from tasks.results.references import references_of
from tasks.results.store import Manifest, Results
from tests.results.made_up import made_up_cell, made_up_users, small_study, tastes


def panel(cells: Sequence[Cell]) -> Panel:
    users = {(cell.key.dataset, cell.key.question): made_up_users() for cell in cells}
    (only,) = panels_of(Results(Manifest("test", ()), tuple(cells), users, {}))
    return only


def test_methods_stand_by_role_and_seeds_are_averaged_per_user() -> None:
    study = panel(small_study()[::-1])
    assert study.methods[:3] == ("ease", "popularity", "user_knn_cosine")
    assert study.methods[-2:] == ("fill_popular", "hybrid_no_virtual")
    assert study.seeds("hybrid") == (0, 1)
    np.testing.assert_allclose(study.values("hybrid", "ndcg_at_10")[:, 0], 0.115 * tastes(), rtol=1e-6)
    np.testing.assert_allclose(study.values("hybrid", "ndcg_at_10", seeds={0})[:, 0], 0.11 * tastes(), rtol=1e-6)


def test_the_reference_is_the_best_on_half_a_at_each_number_of_shots() -> None:
    """EASE is far better where it is measured, and it is half A that decides."""
    cells = [
        made_up_cell("popularity", [0.1] * 6, half_a=[0.1] * 6),
        made_up_cell("ease", [0.3] * 6, half_a=[0.1, 0.05, 0.2, 0.2, 0.2, 0.2]),
        made_up_cell("hybrid", [0.4] * 6, role="ours"),
        made_up_cell("fill_ials", [0.4] * 6, role="placebo"),
    ]
    references = references_of(panel(cells))
    assert references.by_shots == {
        "0": "popularity",  # of equals a form of popularity
        "1": "popularity",
        "3": "ease",
        "5": "ease",
        "10": "ease",
        "all": "ease",
    }
    assert references.known == ("popularity", "ease")
    assert not references.holds("ease", "mean")
    values = references.values(panel(cells), "ndcg_at_10").mean(axis=0)
    np.testing.assert_allclose(values, [0.1, 0.1, 0.3, 0.3, 0.3, 0.3], rtol=1e-6)


def test_half_a_is_averaged_over_seeds() -> None:
    cells = [
        made_up_cell("ease", [0.1] * 6, half_a=[0.2] * 6),
        made_up_cell("ials", [0.1] * 6, seed=0, half_a=[0.3] * 6),
        made_up_cell("ials", [0.1] * 6, seed=1, half_a=[0.0] * 6),
    ]
    references = references_of(panel(cells))
    assert set(references.by_shots.values()) == {"ease"}
    assert references.holds("ease", "mean")


def test_without_baselines_there_is_no_reference() -> None:
    study = panel([made_up_cell("hybrid", [0.1] * 6, role="ours")])
    references = references_of(study)
    assert references.by_shots == {}
    assert np.isnan(references.values(study, "ndcg_at_10")).all()


def test_two_cells_of_a_method_and_seed_are_refused() -> None:
    twice = made_up_cell("ease", [0.1] * 6)
    other = replace(twice, key=replace(twice.key, digest="f" * 64))
    with pytest.raises(DataError, match=r"name one of them in manifest\.json"):
        panel([twice, other])


def test_methods_are_asked_about_the_same_users() -> None:
    first, second = made_up_cell("ease", [0.1] * 6), made_up_cell("ials", [0.1] * 6)
    column = pl.when(pl.col("user") == 5).then(None).otherwise("ndcg_at_10/3").alias("ndcg_at_10/3")
    with pytest.raises(DataError, match=r"known for the same users in .*ials.* \(79\) and .*ease"):
        panel([first, replace(second, per_user=second.per_user.with_columns(column))])


def test_noted_figures_are_those_of_the_users() -> None:
    cell = made_up_cell("ease", [0.1] * 6)
    figures = [{**one, "value": 0.11} if one["shots"] == "3" else one for one in cell.figures]
    with pytest.raises(DataError, match=r"notes 0.11 for ndcg_at_10/3, but its users' mean is 0.100000"):
        panel([replace(cell, figures=figures)])
