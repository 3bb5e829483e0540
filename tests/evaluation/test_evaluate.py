import dataclasses
from math import log2
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.domain import NewUsers, Posed, VirtualBehaviour
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.evaluation import Evaluation
from tasks.evaluation.generator_ranker import GeneratorRanker
from tasks.evaluation.methods import Method
from tasks.evaluation.metrics import ItemPopularity
from tasks.evaluation.metrics.coverage import Coverage
from tasks.evaluation.metrics.hit_rate import HitRate
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.metrics.recall import Recall
from tasks.evaluation.zero_shots import PopularityAtZeroShots
from tasks.recommenders.popularity import Popularity
from tasks.recommenders.user_knn import UserKNNCosine
from tests.augmentation.made_up import BlockGenerator
from tests.augmentation.test_ways import WAY
from tests.evaluation.lists import targets_of
from tests.evaluation.rankers import ScoredBy, constant, own_block, virtual_first
from tests.worlds import block_new_users, block_training

METRICS = {"ndcg": Ndcg(), "hit_rate": HitRate(), "recall": Recall(), "coverage": Coverage()}
POPULARITY = ItemPopularity.of(block_training().warm.matrix())
SHOTS = (0, 1, 3, None)


def posed(users: int = 30) -> list[Posed]:
    return [block_new_users(users=users, shots=shots) for shots in SHOTS]


def run(methods: dict[str, Method], asked: list[Posed] | None = None, **settings: object) -> Evaluation:
    return evaluate(
        methods,
        posed() if asked is None else asked,
        METRICS,
        **{"ks": (5, 10), "popularity": POPULARITY, "resamples": 0} | settings,  # type: ignore[arg-type]
    )


def completed(users: NewUsers) -> VirtualBehaviour:
    return WAY.complete(BlockGenerator(), users, seed=0)


def test_names_are_legal_in_mlflow_and_carry_question_method_metric_and_shots() -> None:
    summary = run({"own_block": Method(ScoredBy(own_block))}).summary()
    for shots in ("shots_0", "shots_1", "shots_3", "shots_all", "mean"):
        assert f"next_visits/own_block/ndcg_at_10/{shots}" in summary
        assert f"next_visits/own_block/coverage_at_5/{shots}" in summary
        assert f"next_visits/own_block/ndcg_at_10_strict/{shots}" in summary
        assert summary[f"next_visits/own_block/users/{shots}"] == 30.0
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_/") for name in summary)


def test_a_better_ranker_has_better_figures() -> None:
    summary = run({"good": Method(ScoredBy(own_block)), "blind": Method(ScoredBy(constant))}).summary()
    assert summary["next_visits/good/ndcg_at_10/mean"] > 2 * summary["next_visits/blind/ndcg_at_10/mean"]


def test_a_constant_scorer_is_as_good_as_a_random_one() -> None:
    random = np.random.default_rng(0)
    asked = [block_new_users(users=600, shots=3)]
    methods = {
        "constant": Method(ScoredBy(constant)),
        "random": Method(ScoredBy(lambda users: random.random((len(users), 60), dtype=np.float32))),
    }
    summary = run(methods, asked).summary()
    for figure in ("ndcg_at_10", "hit_rate_at_10", "recall_at_10"):
        values = [summary[f"next_visits/{name}/{figure}/shots_3"] for name in methods]
        assert values[0] == pytest.approx(values[1], abs=0.05)
    assert summary["next_visits/constant/recall_at_10/shots_3"] == pytest.approx(10 / 57, abs=0.02)


def test_the_mean_is_over_all_numbers_of_shots_from_1_on() -> None:
    summary = run({"blind": Method(ScoredBy(constant))}).summary()
    values = [summary[f"next_visits/blind/ndcg_at_10/shots_{shots}"] for shots in (1, 3, "all")]
    assert summary["next_visits/blind/ndcg_at_10/mean"] == pytest.approx(sum(values) / 3)


def test_without_any_shots_there_is_no_mean() -> None:
    summary = run({"blind": Method(ScoredBy(constant))}, [block_new_users(shots=0)]).summary()
    assert not any(name.endswith("/mean") for name in summary)


def test_cells_are_the_means_of_the_rows_per_user() -> None:
    evaluation = run({"good": Method(ScoredBy(own_block)), "blind": Method(ScoredBy(constant))})
    assert evaluation.per_user.height == 2 * 4 * 30
    means = evaluation.per_user.group_by("method", "shots").agg(pl.col("ndcg_at_10").mean())
    cells = evaluation.cells.filter(
        (pl.col("metric") == "ndcg") & (pl.col("k") == 10) & (pl.col("variant") == "") & (pl.col("shots") != "mean")
    )
    joined = cells.join(means, on=["method", "shots"])
    assert joined.height == 8
    np.testing.assert_allclose(joined["value"], joined["ndcg_at_10"], rtol=1e-6)


def one_question(targets: list[list[int]], outside: list[int], repeats: list[list[int]] | None = None) -> Posed:
    """Two users of known support, judged by targets of our own."""
    asked = block_new_users(users=len(targets), shots=1)
    return dataclasses.replace(
        asked,
        targets=targets_of(targets, 60),
        outside_targets=np.array(outside),
        repeats=None if repeats is None else targets_of(repeats, 60),
    )


def falling(users: NewUsers) -> np.ndarray:
    """Items in order of their number."""
    return np.tile(-np.arange(60, dtype=np.float32), (len(users), 1))


def test_targets_outside_the_catalogue_count_in_strict_figures_only() -> None:
    asked = one_question([[59], []], outside=[1, 2])
    first = int(np.setdiff1d(np.arange(60), asked.users.items[:1])[0])
    asked = dataclasses.replace(asked, targets=targets_of([[first], []], 60))
    evaluation = run({"m": Method(ScoredBy(falling))}, [asked])
    summary = evaluation.summary()
    assert summary["next_visits/m/recall_at_5/shots_1"] == 1.0  # the second user has no targets
    assert summary["next_visits/m/recall_at_5_strict/shots_1"] == pytest.approx((0.5 + 0.0) / 2)
    ideal = 1 + 1 / log2(3)
    assert summary["next_visits/m/ndcg_at_5_strict/shots_1"] == pytest.approx((1 / ideal + 0.0) / 2)
    assert summary["next_visits/m/users/shots_1"] == 1.0
    assert summary["next_visits/m/users_strict/shots_1"] == 2.0
    assert evaluation.per_user["recall_at_5"].to_list() == [1.0, None]
    counted = evaluation.populations.row(0, named=True)
    assert (counted["users"], counted["users_with_targets"], counted["targets"]) == (2, 1, 1)
    assert counted["outside_targets"] == 3


def test_repeats_are_reported_apart_with_the_support_unmasked() -> None:
    asked = block_new_users(users=4, shots=1)
    asked = dataclasses.replace(asked, repeats=targets_of([[int(item)] for item in asked.users.items], 60))

    def support_first(users: NewUsers) -> np.ndarray:
        return users.support(60).toarray()

    summary = run({"m": Method(ScoredBy(support_first))}, [asked]).summary()
    assert summary["next_visits/m/hit_rate_at_5_repeats/shots_1"] == 1.0
    assert summary["next_visits/m/hit_rate_at_5/shots_1"] < 1.0
    assert summary["next_visits/m/users_repeats/shots_1"] == 4.0


def test_repeats_for_some_numbers_of_shots_only_are_refused() -> None:
    asked = posed()
    asked[1] = dataclasses.replace(asked[1], repeats=asked[1].targets)
    with pytest.raises(ValueError, match="repeats must be given"):
        run({"m": Method(ScoredBy(constant))}, asked)


def test_virtual_behaviour_reaches_the_ranker_and_comes_back_counted() -> None:
    methods = {
        "m_virtual": Method(ScoredBy(virtual_first), virtual=completed, role="ours"),
        "m": Method(ScoredBy(virtual_first)),
    }
    summary = run(methods).summary()
    # Five virtual items come first in every list; what follows is tied.
    assert summary["next_visits/m_virtual/virtual_share_at_5/shots_3"] == 1.0
    assert summary["next_visits/m_virtual/virtual_share_at_10/shots_3"] == 0.5
    precision = summary["next_visits/m_virtual/virtual_precision_at_5/shots_3"]
    recall = summary["next_visits/m_virtual/recall_at_5/shots_3"]
    assert precision == pytest.approx(recall * 4 / 5)  # 4 targets each, 5 places
    assert "next_visits/m/virtual_share_at_5/shots_3" not in summary


def test_virtual_items_are_never_masked() -> None:
    lists = ScoredBy(virtual_first).top_k(block_new_users().users.with_virtual(completed(block_new_users().users)), 5)
    assert (lists.ids % 3 == (np.arange(30) % 3)[:, None]).all()


def test_methods_that_share_a_source_ask_it_once_per_number_of_shots() -> None:
    asked: list[int] = []

    def source(users: NewUsers) -> VirtualBehaviour:
        asked.append(len(users))
        return completed(users)

    run({name: Method(ScoredBy(virtual_first), virtual=source) for name in ("a", "b", "c")})
    assert asked == [30] * 4


def test_each_method_ranks_once_per_number_of_shots() -> None:
    ranker = ScoredBy(own_block)
    run({"m": Method(ranker)})
    assert ranker.calls == [30] * 4


def test_the_generator_is_a_method_of_its_own() -> None:
    summary = run({"generator": Method(GeneratorRanker(BlockGenerator(), draws=2, noise_seed=0))}).summary()
    blind = run({"m": Method(ScoredBy(constant))}).summary()
    assert summary["next_visits/generator/ndcg_at_10/mean"] > 2 * blind["next_visits/m/ndcg_at_10/mean"]


def test_intervals_hold_the_value_and_belong_to_accuracy_figures() -> None:
    cells = run({"m": Method(ScoredBy(constant))}, resamples=300).cells
    accuracy = cells.filter(pl.col("metric").is_in(["ndcg", "recall"]))
    assert accuracy.height == 2 * 2 * 2 * 5
    assert accuracy.select(((pl.col("ci_low") < pl.col("value")) & (pl.col("value") < pl.col("ci_high"))).all()).item()
    assert cells.filter(pl.col("metric").is_in(["coverage", "users"]))["ci_low"].null_count() == 2 * 5 + 2 * 5
    mean, single = (
        accuracy.filter((pl.col("metric") == "ndcg") & (pl.col("k") == 10) & (pl.col("shots") == shots)).row(
            0, named=True
        )
        for shots in ("mean", "3")
    )
    # A constant scorer lists nearly the same at every number of shots: the mean over them knows hardly more.
    assert mean["ci_high"] - mean["ci_low"] > 0.8 * (single["ci_high"] - single["ci_low"])


def test_the_same_seed_gives_the_same_result() -> None:
    first, again = (run({"m": Method(ScoredBy(constant))}, resamples=50, seed=4) for _ in range(2))
    assert first.cells.equals(again.cells)
    assert first.per_user.equals(again.per_user)


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    evaluation = run({"m": Method(ScoredBy(constant))}, resamples=20)
    evaluation.save(tmp_path / "evaluation")
    again = Evaluation.load(tmp_path / "evaluation")
    assert again.summary() == evaluation.summary()
    assert again.per_user.equals(evaluation.per_user)
    assert again.populations.equals(evaluation.populations)


@pytest.mark.parametrize("name", ["user+knn", "User", "a@10", "a/b", ""])
def test_names_that_mlflow_or_a_path_would_misread_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="method names"):
        run({name: Method(ScoredBy(constant))})


def test_nothing_to_evaluate_is_refused() -> None:
    with pytest.raises(ValueError, match="expected methods, questions and cuts"):
        run({})
    with pytest.raises(ValueError, match="expected methods, questions and cuts"):
        run({"m": Method(ScoredBy(constant))}, ks=(0,))


def test_a_question_without_any_target_has_no_figures_and_no_users() -> None:
    asked = one_question([[], []], outside=[0, 0])
    summary = run({"m": Method(ScoredBy(falling))}, [asked], resamples=20).summary()
    assert "next_visits/m/ndcg_at_10/shots_1" not in summary
    assert summary["next_visits/m/users/shots_1"] == 0.0


def test_virtual_behaviour_makes_collaborative_filtering_answer_at_0_shots() -> None:
    fitted, popular = UserKNNCosine(neighbours=20).fit(block_training()), Popularity().fit(block_training())
    methods = {
        "popularity": Method(popular),
        "user_knn_cosine": Method(PopularityAtZeroShots(fitted, popular)),
        "user_knn_cosine_virtual": Method(PopularityAtZeroShots(fitted, popular), virtual=completed, role="ours"),
    }
    summary = run(methods).summary()
    assert summary["next_visits/user_knn_cosine/ndcg_at_10/shots_0"] == pytest.approx(
        summary["next_visits/popularity/ndcg_at_10/shots_0"]
    )
    for shots, better in (("shots_0", "user_knn_cosine_virtual"), ("shots_3", "user_knn_cosine")):
        found, floor = (summary[f"next_visits/{name}/ndcg_at_10/{shots}"] for name in (better, "popularity"))
        assert found > 1.5 * floor
