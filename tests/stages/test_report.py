"""What the report is given: chosen users, generated profiles, comparisons; and a whole run's page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.domain import Posed
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.evaluation import POPULATIONS_SCHEMA, Evaluation
from tasks.evaluation.metrics import ItemPopularity
from tasks.evaluation.metrics.hit_rate import HitRate
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.ingestion.raw import RawLog
from tasks.reporting.report.page import render
from tasks.runs import Home, open_run
from tasks.stages.fit import fit_augmented, fit_real, methods_of
from tasks.stages.hybrid import Augmented
from tasks.stages.ingest import ingest_log
from tasks.stages.prepare import prepare
from tasks.stages.report import headline, shots_table
from tasks.stages.report_content import asked_of, comparisons, finding, headline_methods, report_of
from tasks.stages.report_examples import choose
from tasks.stages.report_realism import at_shots, drawn_profiles, some_users
from tests.augmentation.made_up import BlockGenerator
from tests.reporting.cells import made_up_cells
from tests.stages.shops import HOLDOUT, TEMPORAL, config, raw, shop
from tests.worlds import block_new_users

ATTACK = "<script>alert('x')</script>"


def posed(*shots: int | None) -> tuple[Posed, ...]:
    return tuple(block_new_users(shots=one) for one in shots)


def test_examples_are_different_users_who_have_all_the_shots() -> None:
    questions = posed(0, 1, 3, None)
    chosen = choose(questions, 10)
    ids = [question.users.ids[rows].tolist() for question, rows in zip(questions, chosen, strict=True)]
    assert [len(own) for own in ids] == [3, 3, 2, 2]
    assert len({user for own in ids for user in own}) == 10
    assert ids[0][0] == 0  # by their stable number, whatever they were recommended
    assert [len(own) for own in choose(posed(5, 1), 3)] == [0, 3]  # first visits have four items here
    assert sum(len(own) for own in choose(questions, 100)) == 30


def test_the_question_at_few_shots() -> None:
    assert at_shots(posed(0, 1, 3, None), 3).shots == 3
    assert at_shots(posed(0, 1), 3).shots == 1
    assert at_shots(posed(None), 3).shots is None


def test_users_to_compare_are_the_first_by_their_number_and_have_targets() -> None:
    question = block_new_users()
    mixed = question.users.ids[::-1].copy()
    empty = question.targets.copy()
    empty.data[empty.indptr[4] : empty.indptr[5]] = 0
    empty.eliminate_zeros()
    changed = replace(question, users=replace(question.users, ids=mixed), targets=empty)
    assert some_users(changed, most=2).tolist() == [29, 28]
    assert 4 not in some_users(changed)


def test_generated_profiles_are_as_long_as_the_real_ones_and_follow_the_generator() -> None:
    question = block_new_users()
    rows = np.array([5, 0, 7])
    profiles = drawn_profiles(BlockGenerator(), question, rows, seed=1)
    assert np.diff(profiles.indptr).tolist() == np.diff(question.targets.indptr)[rows].tolist()
    row, item = profiles.nonzero()
    assert (item % 3 == rows[row] % 3).mean() > 0.95
    assert len(set(zip(row.tolist(), item.tolist(), strict=True))) == profiles.nnz
    alone = drawn_profiles(BlockGenerator(), question, rows[1:2], seed=1)
    assert alone.indices.tolist() == profiles[[1]].indices.tolist()


def evaluation(**values: list[float]) -> Evaluation:
    """Four users at one known event; figures by method."""
    frames = [
        pl.DataFrame(
            {
                "question": ["rest"] * 4,
                "method": [method] * 4,
                "shots": ["1"] * 4,
                "user": pl.Series([4, 3, 2, 1], dtype=pl.UInt64),
                "ndcg_at_10": pl.Series(figures, dtype=pl.Float32),
                "hit_rate_at_10": pl.Series([1.0, 0.0, 1.0, 0.0], dtype=pl.Float32),
            }
        )
        for method, figures in values.items()
    ]
    cells = made_up_cells(list(values), ["1"], "rest")
    return Evaluation(pl.concat(frames), cells, pl.DataFrame(schema=POPULATIONS_SCHEMA))


def test_a_finding_says_how_much_and_whether_it_is_sure() -> None:
    told = evaluation(knn=[0.2, 0.2, 0.2, 0.2], knn_virtual=[0.3, 0.3, 0.3, 0.3])
    sentence = finding(told, "rest", "knn_virtual", "knn", seed=0)
    assert sentence.startswith("knn_virtual against knn: NDCG@10 +50.0% (95 % interval +50.0% to +50.0%): higher; ")
    assert sentence.endswith("HR@10 +0.0% (95 % interval +0.0% to +0.0%): no clear difference.")
    assert "-33.3%" in finding(told, "rest", "knn", "knn_virtual", seed=0)
    nothing = evaluation(knn=[0.0] * 4, knn_virtual=[0.0] * 4)
    assert "NDCG@10 cannot be compared" in finding(nothing, "rest", "knn_virtual", "knn", seed=0)


def test_the_headline_takes_what_was_measured() -> None:
    told = evaluation(late_popularity=[0.1] * 4, knn=[0.1] * 4, knn_virtual=[0.1] * 4, generator=[0.1] * 4)
    assert headline_methods("knn", "late_popularity", True, told) == (
        "late_popularity", "knn", "knn_virtual", "generator",
    )  # fmt: skip
    assert headline_methods("knn", "late_popularity", False, told) == ("late_popularity", "knn", "generator")
    assert headline_methods("late_popularity", "late_popularity", False, told) == ("late_popularity", "generator")
    assert comparisons("knn", "late_popularity", False, told, "rest") == [("knn", "late_popularity")]
    more = evaluation(late_popularity=[0.1] * 4, knn=[0.1] * 4, knn_virtual=[0.1] * 4, hybrid=[0.1] * 4)
    assert headline_methods("knn", "late_popularity", True, more)[-1] == "hybrid"
    assert comparisons("knn", "late_popularity", True, more, "rest") == [
        ("knn_virtual", "knn"), ("knn_virtual", "late_popularity"), ("hybrid", "late_popularity"),
    ]  # fmt: skip


def titled(title: str | None) -> RawLog:
    return raw([row | {"title": title} for row in shop(0)])


@pytest.mark.parametrize(
    ("how", "augmentation"),
    [(TEMPORAL, "complete_profiles"), (HOLDOUT, "virtual_neighbours"), (HOLDOUT, "none")],
)
def test_a_whole_report_of_few_users(how: tuple[str, ...], augmentation: str, tmp_path: Path) -> None:
    settings = config(*how, f"augmentation={augmentation}", "baselines=[popularity]")
    ingested = ingest_log(titled(ATTACK if augmentation == "none" else None), settings)
    prepared = prepare(ingested, settings)
    training = prepared.ground.training
    generator = BlockGenerator(n_items=training.n_items, blocks=2)
    fitted = fit_real(settings, training, prepared.half_a)
    augmented = fit_augmented(settings, training, fitted, generator)
    methods = methods_of(settings, fitted, augmented, generator)
    popularity = ItemPopularity.of(training.warm.matrix())
    metrics = {"ndcg": Ndcg(), "hit_rate": HitRate()}
    half_b = evaluate(methods, prepared.half_b, metrics, ks=(10,), popularity=popularity, resamples=20)
    asked = asked_of(prepared, half_b, None)
    table = shots_table(half_b.cells, prepared.question, methods=headline(settings, fitted))
    history = [{"epoch": 0.0, "loss/generator": 1.0, "loss/critic": 1.0, "tripwire/coverage": 0.5}]
    with open_run(Home(tmp_path), "key", name="shop") as run:
        pages = [
            render(
                report_of(
                    settings,
                    ingested,
                    prepared,
                    fitted,
                    Augmented(augmented, None),
                    generator,
                    history,
                    asked,
                    table,
                    run,
                    "0" * 32,
                )
            )
            for _ in range(2)
        ]
    assert pages[0] == pages[1]
    assert ATTACK not in pages[0]
    assert ("&lt;script&gt;" in pages[0]) == (augmentation == "none")
    assert ("item i0" in pages[0]) == (augmentation != "none")
    assert "town: " in pages[0]
    assert ("uses no virtual behaviour" in pages[0]) == (augmentation == "none")
    for user in ingested.log.users["user_id"]:
        assert f">{user}<" not in pages[0]
