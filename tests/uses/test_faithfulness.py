"""Explanations as a use: the figures are those of the users, whoever answers for them."""

import dataclasses

import numpy as np
import pytest

from tasks.domain import Posed
from tasks.evaluation.methods import Method, Ranker
from tasks.explanation import ExplainedHybrid, claims_of, faithfulness
from tasks.hybrid.hybrid import Hybrid, OutOfFold
from tasks.uses import USES
from tasks.uses.use import Case
from tests.model_format.models import block_model
from tests.uses.cases import case, constant
from tests.worlds import block_new_users

FAITHFULNESS = USES["faithfulness"]
USERS = 40


def hybrid() -> Hybrid:
    found = block_model(hybrid=True).hybrid
    assert found is not None
    return found


def question(shots: int | None) -> Posed:
    """As the hybrid of the block world knows users: by segment alone."""
    posed = block_new_users(users=USERS, shots=shots)
    features = dataclasses.replace(posed.users.features, numbers=np.zeros((USERS, 0), dtype=np.float32))
    return dataclasses.replace(posed, users=dataclasses.replace(posed.users, features=features))


def asked(ranker: Ranker, *posed: Posed) -> Case:
    """Positions among all who are asked run backwards."""
    return Case(posed, lambda one: Method(ranker), np.ones(60, dtype=np.int64), lambda one: 100 - one.population)


def test_means_over_users_are_those_of_the_explanation_module() -> None:
    ranker, posed = hybrid(), [question(shots) for shots in (0, 1, 3, None)]
    measured = FAITHFULNESS.measure("hybrid", asked(ranker, *posed), asked(ranker))
    explained = ExplainedHybrid(ranker)
    expected = faithfulness(
        claims_of(explained), [posed[2]], explained.top_k, explained.n_items, top=1, resamples=10
    ).differences
    assert set(measured.frame.columns) == {
        "unit", *(f"{curve}_contributions_model/3" for curve in ("first", "deletion", "insertion")),
    }  # fmt: skip
    assert measured.frame["unit"].to_list() == sorted(100 - posed[2].population)
    for row in expected.filter(shots="3", against="random").iter_rows(named=True):
        column = measured.frame[f"{row['curve']}_contributions_model/3"]
        assert column.mean() == pytest.approx(row["value"], abs=1e-4)
        assert column.count() == row["n_users"]
    assert measured.frame["deletion_contributions_model/3"].mean() > 0
    assert (measured.half_a, measured.notes) == ({}, {"asked": {"3": USERS}})


def test_figures_stand_with_the_user_they_belong_to() -> None:
    ranker, posed = hybrid(), question(3)
    whole = FAITHFULNESS.measure("hybrid", asked(ranker, posed), asked(ranker)).frame
    rows = np.arange(0, USERS, 3)
    fewer = dataclasses.replace(posed, users=posed.users.select(rows), population=posed.population[rows])
    some = FAITHFULNESS.measure("hybrid", asked(ranker, fewer), asked(ranker)).frame
    assert some.equals(whole.filter(whole["unit"].is_in(some["unit"].to_list())))


def test_who_answers_fold_by_fold_is_explained_by_the_first() -> None:
    ranker, posed = hybrid(), question(3)
    folds = OutOfFold((ranker, ranker), lambda users: users.ids % 2)
    one, other = (FAITHFULNESS.measure("hybrid", asked(own, posed), asked(own)).frame for own in (ranker, folds))
    assert one.equals(other)


def test_without_enough_items_there_is_nothing_to_take_away() -> None:
    assert FAITHFULNESS.measure("hybrid", asked(hybrid(), question(1)), asked(hybrid())).frame.is_empty()


def test_only_hybrids_are_explained() -> None:
    with pytest.raises(TypeError, match="explanations are measured of a hybrid, got ScoresRanker"):
        FAITHFULNESS.measure("hybrid", case(question(3), ranker=constant()), case())
