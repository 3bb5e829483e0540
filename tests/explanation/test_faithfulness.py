"""Explanations whose truth is known: exact ones, empty ones, turned round ones."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tasks.domain import NewUsers, Posed, Ragged, TopK, UserFeatures
from tasks.explanation import Claim, ExplainedHybrid, claims_of, faithfulness
from tasks.explanation.deletion import keep, orders_of, random_orders, steps_of
from tests.model_format.models import block_model
from tests.worlds import block_new_users

ITEMS, SHOTS, USERS, TARGET = 40, 4, 300, 39
WEIGHTS = np.array([0.1, 0.2, 0.4, 0.8])
"""What the items of a support say of ``TARGET``, in nats; who holds which of 0 … 3 first, changes from user to user."""
OTHERS = ITEMS - SHOTS - 1


def posed(shots: int | None = SHOTS) -> Posed:
    """Users who hold items 0 … 3 in random order."""
    random = np.random.default_rng(0)
    items = np.argsort(random.random((USERS, SHOTS)), axis=1).astype(np.int32)
    users = NewUsers(
        rows=Ragged.from_lengths(np.full(USERS, SHOTS)),
        items=items.ravel(),
        times=None,
        weights=np.ones(USERS * SHOTS, dtype=np.float32),
        features=UserFeatures.none(USERS),
        now=None,
        ids=np.arange(USERS, dtype=np.uint64) * 7 + 1,
    )
    question = block_new_users(users=USERS, shots=None)
    return dataclasses.replace(question, shots=shots, users=users)


def linear(users: NewUsers) -> NDArray[np.float64]:
    """Log probabilities: −5 for the target, and what the items held say of it; the others share the rest."""
    log = -5 + np.bincount(users.rows.row_of_entry, WEIGHTS[users.items], minlength=len(users))
    scores = np.repeat(np.log1p(-np.exp(log))[:, None] - np.log(OTHERS), ITEMS, axis=1)
    scores[:, TARGET] = log
    return scores


def blind(users: NewUsers) -> NDArray[np.float64]:
    """A scorer that ignores what users hold."""
    return np.repeat(np.arange(ITEMS, dtype=np.float64)[None], len(users), axis=0)


def truth(users: NewUsers, items: NDArray[np.integer]) -> NDArray[np.float64]:
    return WEIGHTS[users.items]


def at_random(users: NewUsers, items: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.random.default_rng(users.ids.astype(np.int64).tolist()).random(len(users.items))


def nothing(users: NewUsers, items: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.ones(len(users.items))


def target(users: NewUsers, k: int) -> TopK:
    lists = TopK.unfilled(len(users), k)
    lists.ids[:, 0] = TARGET
    return lists


CLAIMS = (
    Claim("truth", "linear", truth, linear),
    Claim("lie", "linear", lambda users, items: -truth(users, items), linear),
    Claim("at_random", "linear", at_random, linear),
    Claim("nothing", "linear", nothing, linear),
    Claim("truth", "blind", truth, blind),
)


@pytest.fixture(scope="module")
def found() -> tuple[pl.DataFrame, pl.DataFrame]:
    result = faithfulness(CLAIMS, [posed()], target, ITEMS, draws=20, most_users=USERS, resamples=400)
    return result.curves, result.differences


def curve(frame: pl.DataFrame, explanation: str, scorer: str, kind: str, order: str) -> list[float]:
    rows = frame.filter(
        (pl.col("explanation") == explanation)
        & (pl.col("scorer") == scorer)
        & (pl.col("curve") == kind)
        & (pl.col("order") == order)
    )
    assert rows["share"].to_list() == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=1e-5)
    assert rows["n_users"].unique().to_list() == [USERS]
    return rows["value"].to_list()


def row(frame: pl.DataFrame, explanation: str, scorer: str, kind: str, against: str) -> dict[str, float]:
    return frame.row(
        by_predicate=(pl.col("explanation") == explanation)
        & (pl.col("scorer") == scorer)
        & (pl.col("curve") == kind)
        & (pl.col("against") == against)
        & (pl.col("shots") == str(SHOTS)),
        named=True,
    )


def test_the_truth_gives_the_perfect_curves(found: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    curves, _ = found
    # The largest weight goes first: 0.8, 0.4, 0.2, 0.1.
    assert curve(curves, "truth", "linear", "deletion", "explanation") == pytest.approx(
        [0, -0.8, -1.2, -1.4, -1.5], abs=1e-5
    )
    assert curve(curves, "truth", "linear", "deletion", "reversed") == pytest.approx(
        [0, -0.1, -0.3, -0.7, -1.5], abs=1e-5
    )
    assert curve(curves, "truth", "linear", "insertion", "explanation") == pytest.approx(
        [-1.5, -0.7, -0.3, -0.1, 0], abs=1e-5
    )
    assert curve(curves, "lie", "linear", "deletion", "explanation") == pytest.approx(
        [0, -0.1, -0.3, -0.7, -1.5], abs=1e-5
    )
    mean = [0, -0.375, -0.75, -1.125, -1.5]
    assert curve(curves, "truth", "linear", "deletion", "random") == pytest.approx(mean, abs=0.02)
    assert curve(curves, "at_random", "linear", "deletion", "explanation") == pytest.approx(mean, abs=0.05)


def test_the_truth_beats_random_and_reversed_by_known_amounts(found: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    _, differences = found
    # Areas, trapezoids of width 1/4: 1.0375 below the curve of the truth, 0.4625 reversed, 0.75 at random.
    for kind in ("deletion", "insertion"):
        assert row(differences, "truth", "linear", kind, "random")["value"] == pytest.approx(0.2875, abs=0.015)
        against = row(differences, "truth", "linear", kind, "reversed")
        assert [against[name] for name in ("value", "ci_low", "ci_high")] == pytest.approx([0.575] * 3, abs=1e-6)
        assert row(differences, "lie", "linear", kind, "random")["value"] == pytest.approx(-0.2875, abs=0.015)
        assert row(differences, "lie", "linear", kind, "random")["ci_high"] < 0
    assert row(differences, "truth", "linear", "first", "random")["value"] == pytest.approx(0.425, abs=0.02)
    assert row(differences, "truth", "linear", "first", "reversed")["value"] == pytest.approx(0.7)


@pytest.mark.parametrize(("explanation", "scorer"), [("at_random", "linear"), ("truth", "blind")])
@pytest.mark.parametrize("kind", ["deletion", "insertion", "first"])
@pytest.mark.parametrize("against", ["random", "reversed"])
def test_what_is_not_true_is_not_found_to_hold(
    found: tuple[pl.DataFrame, pl.DataFrame], explanation: str, scorer: str, kind: str, against: str
) -> None:
    _, differences = found
    told = row(differences, explanation, scorer, kind, against)
    assert told["ci_low"] <= 1e-9
    assert told["ci_high"] >= -1e-9
    assert told["value"] == pytest.approx(0, abs=0.08)


def test_an_explanation_that_gives_no_order_is_not_judged(found: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    for frame in found:
        assert "nothing" not in frame["explanation"].to_list()


def test_the_mean_over_shots_is_over_the_same_users() -> None:
    both = faithfulness(CLAIMS[:1], [posed(), posed(None), posed(1)], target, ITEMS, most_users=50, resamples=50)
    rows = both.differences.filter((pl.col("curve") == "deletion") & (pl.col("against") == "reversed"))
    assert rows["shots"].to_list() == ["4", "all", "mean"]
    assert rows["n_users"].to_list() == rows["n_asked"].to_list() == [50, 50, 50]
    assert rows["value"].to_list() == pytest.approx([0.575] * 3)


def test_long_supports_are_taken_away_in_portions() -> None:
    assert steps_of(2).tolist() == [0, 1, 2]
    assert steps_of(6).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert steps_of(10).tolist() == [0, 1, 3, 5, 7, 9, 10]
    assert steps_of(30)[[0, 1, -2, -1]].tolist() == [0, 1, 29, 30]


def test_orders_do_not_depend_on_who_else_is_asked() -> None:
    users = posed().users
    weights = np.tile([1.0, 0.0, 0.0, 0.0], USERS)
    orders, alone = orders_of(users, weights, 3), users.select(np.array([7]))
    assert (orders[:, 0] == 0).all()
    assert len(np.unique(orders, axis=0)) == 6  # those that weigh the same in every order
    assert orders_of(alone, weights[:SHOTS], 3).tolist() == orders[[7]].tolist()
    chances = random_orders(users, SHOTS, 2, 3)
    assert random_orders(alone, SHOTS, 2, 3).tolist() == chances[:, [7]].tolist()
    assert len(np.unique(chances.reshape(-1, SHOTS), axis=0)) == 24


def test_subsets_are_scored_once_and_items_of_one_user_share_them() -> None:
    asked: list[int] = []

    def counted(users: NewUsers) -> NDArray[np.float64]:
        asked.append(len(users))
        return linear(users)

    twice = posed().users.select(np.array([0, 1, 0, 1]))
    orders = orders_of(twice, truth(twice, twice.ids), 0)
    kept = keep(counted, twice, np.array([TARGET, TARGET, 20, 20]), [orders], random_orders(twice, SHOTS, 50, 0), ITEMS)
    assert sum(asked) == 2 * 2**SHOTS
    assert kept[0].head[:2, 0] == pytest.approx([-1.5, -1.5], abs=1e-5)
    assert (kept[0].head[2:, 0] > 0).all()


def test_a_hybrid_is_explained_as_it_ranks() -> None:
    hybrid = block_model(hybrid=True).hybrid
    assert hybrid is not None
    explained = ExplainedHybrid(hybrid)
    question = block_new_users(users=30, shots=3)
    numbers = np.zeros((30, 0), dtype=np.float32)
    features = dataclasses.replace(question.users.features, numbers=numbers)
    question = dataclasses.replace(question, users=dataclasses.replace(question.users, features=features))
    items = explained.top_k(question.users, 1).ids[:, 0].astype(np.int64)
    parts = sum(part.scores for part in explained.parts(question.users, items))
    assert parts == pytest.approx(explained.score(question.users)[np.arange(30), items], rel=1e-5)
    result = faithfulness(claims_of(explained), [question], explained.top_k, explained.n_items, resamples=100)
    assert set(result.curves["explanation"]) == {"contributions"}  # no attention, and no network
    assert row_of(result.differences)["n_asked"] == 30


def row_of(frame: pl.DataFrame) -> dict[str, float]:
    return frame.row(0, named=True)
