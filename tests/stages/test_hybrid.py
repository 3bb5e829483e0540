"""The hybrid of a run, on the block world: what is fitted, on whom, and what the refit keeps."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.config import RunConfig, load_config
from tasks.domain import NewUsers, Provenance
from tasks.errors import LeakageError
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.metrics import ItemPopularity
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.hybrid import storage
from tasks.hybrid.fit import FittedHybrid
from tasks.splitting import check_gate
from tasks.stages.fit import Fitted, completion, fit_augmented, fit_real, methods_of
from tasks.stages.hybrid import Augmented, fit_hybrid, records_of, refit_hybrid, with_hybrid, without_weight_left_out
from tasks.stages.ingest import Ingested, ingest_log
from tasks.stages.measure import check_nothing_leaked
from tasks.stages.prepare import Prepared, ground_of_everything, prepare

BLOCKS = 3


@dataclass(frozen=True)
class Sighted:
    """Expects items of the blocks that a user's items are of; all alike where there are none."""

    n_items: int
    block_of_item: NDArray[np.int64]
    provenance: Provenance
    name: str = "sighted"

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        held = np.zeros((len(users), BLOCKS))
        np.add.at(held, (users.rows.row_of_entry, self.block_of_item[users.items]), 1)
        likely = (held[:, self.block_of_item] + 0.01).astype(np.float32)
        likely /= likely.sum(axis=1, keepdims=True)
        yield slice(0, len(users)), np.repeat(likely[None], draws, axis=0)


@dataclass(frozen=True)
class World:
    """Everything that a run has before its gate is fitted."""

    config: RunConfig
    ingested: Ingested
    prepared: Prepared
    fitted: Fitted
    generator: Sighted

    def with_settings(self, *overrides: str) -> "World":
        config = configuration(*overrides)
        return replace(
            self, config=config, fitted=fit_real(config, self.prepared.ground.training, self.prepared.half_a)
        )

    def augmented(self) -> Augmented:
        recommender = fit_augmented(self.config, self.prepared.ground.training, self.fitted, self.generator)
        return Augmented(recommender, fit_hybrid(self.config, self.prepared, self.fitted, self.generator))


def configuration(*overrides: str) -> RunConfig:
    return load_config(["dataset=block_world", "dataset.users=1600", "tracking=off", *overrides])


def generator_of(ingested: Ingested, prepared: Prepared) -> Sighted:
    catalogue = prepared.ground.catalogue
    items = ingested.log.items["item_id"].gather(catalogue.tolist()).cast(str).str.extract(r"(\d+)").cast(int)
    histories = prepared.ground.training.warm.histories
    seen = Provenance.of("generator", histories.users, histories.times)
    return Sighted(len(catalogue), items.to_numpy() % BLOCKS, seen)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    config = configuration()
    ingested = ingest_log(config.dataset.load(tmp_path_factory.mktemp("cache")), config)
    prepared = prepare(ingested, config)
    fitted = fit_real(config, prepared.ground.training, prepared.half_a)
    return World(config, ingested, prepared, fitted, generator_of(ingested, prepared))


@pytest.fixture(scope="module")
def augmented(world: World) -> Augmented:
    return world.augmented()


@pytest.fixture(scope="module")
def hybrid(augmented: Augmented) -> FittedHybrid:
    assert augmented.hybrid is not None
    return augmented.hybrid


def test_equal_settings_are_fitted_once(world: World, augmented: Augmented, hybrid: FittedHybrid) -> None:
    blend: Any = world.fitted.weighed["user_knn_cosine_blend"]
    assert world.fitted.weighed["popularity"] is world.fitted.baselines["popularity"]
    by_name = {source.name: source for source in hybrid.whole.sources}
    # With the settings of conf/ the blend's filter is the run's recommender.
    assert blend.base is world.fitted.recommender
    assert by_name["user_knn_cosine"].fitted is blend.base  # type: ignore[attr-defined]
    assert by_name["user_knn_cosine_virtual"].fitted is blend.base  # type: ignore[attr-defined]
    assert by_name["attention_virtual"].fitted is by_name["attention"].fitted  # type: ignore[attr-defined]


def test_out_of_fold_it_is_not_below_what_it_weighs(world: World, augmented: Augmented, hybrid: FittedHybrid) -> None:
    methods = methods_of(world.config, world.fitted, augmented.recommender, world.generator)
    evaluation = evaluate(
        with_hybrid(methods, hybrid.crossed),
        world.prepared.half_b,
        {"ndcg": Ndcg()},
        (10,),
        popularity=ItemPopularity.of(world.prepared.ground.training.warm.matrix()),
        resamples=0,
    )
    means = {name: evaluation.summary()[f"next_visits/{name}/ndcg_at_10/mean"] for name in [*methods, "hybrid"]}
    assert means["hybrid"] > 0.95 * max(means.values())
    assert means["hybrid"] > 1.5 * means["popularity"]


def test_every_artefact_of_it_is_on_record(world: World, augmented: Augmented) -> None:
    records = check_nothing_leaked(world.prepared, world.fitted, augmented, world.generator)  # type: ignore[arg-type]
    names = {record.artefact for record in records}
    assert {
        "user_knn_cosine",
        "item_knn_cosine",
        "rp3beta",
        "ials",
        "knn_text",
        "same_visit",
        "attention",
        "gate",
    } <= names
    assert {"popularity", "late_popularity", "segment_popularity", "gate"} <= names
    (gate,) = [record for record in records if record.artefact == "gate"]
    population = world.prepared.split.validation
    half_b = population.histories.users[population.half == 1]
    asked = half_b[np.unique(np.concatenate([posed.population for posed in world.prepared.half_b]))]
    assert gate.users_digest == Provenance.of("", asked, None).users_digest
    others = {record.users_digest for record in records} - {gate.users_digest}
    for part in (population.histories.users, world.prepared.split.test.histories.users):
        assert Provenance.of("", part, None).users_digest not in others
    assert {record.artefact for record in records_of(augmented.hybrid)} <= names
    assert records_of(None) == ()


def test_a_gate_that_saw_others_stops_the_run(world: World) -> None:
    with pytest.raises(LeakageError, match="the gate saw"):
        check_gate(world.prepared.half_a, world.prepared.split)


def test_the_refit_keeps_the_gate(world: World, hybrid: FittedHybrid) -> None:
    config = world.config
    ground = ground_of_everything(world.ingested, world.prepared, config)
    fitted = fit_real(config, ground.training, (), popularity=world.fitted.popularity)
    refitted = refit_hybrid(config, ground.training, fitted, world.generator, hybrid.whole.gate)
    assert refitted.gate is hybrid.whole.gate
    assert refitted.n_items == len(ground.catalogue)
    (same_visit,) = [one for one in refitted.sources if one.name == "same_visit"]
    assert same_visit.fitted.provenance.users == world.ingested.log.users.height  # type: ignore[attr-defined]


def test_what_has_no_weight_is_not_shipped(world: World, hybrid: FittedHybrid) -> None:
    gate = hybrid.whole.gate
    some = replace(gate, few=np.where(np.arange(len(gate.few)) % 2, gate.few + 0.1, 0), many=gate.many * 0)
    whole = replace(hybrid.whole, gate=some)
    fewer = without_weight_left_out(whole)
    assert fewer.gate.names == gate.names[1::2]
    for posed in world.prepared.half_a[:2]:
        own, again = (one.top_k(posed.users, 10, seed=1) for one in (whole, fewer))
        np.testing.assert_array_equal(own.ids, again.ids)
        np.testing.assert_array_equal(own.scores, again.scores)


def test_a_run_may_have_no_hybrid(world: World) -> None:
    without = world.with_settings("hybrid=none")
    assert without.fitted.weighed == {}
    assert without.augmented().hybrid is None
    assert with_hybrid({}, None) == {}


def test_without_augmentation_nothing_virtual_is_weighed(world: World) -> None:
    control = world.with_settings("augmentation=none").augmented().hybrid
    assert control is not None
    assert not {"generator", "user_knn_cosine_virtual"} & set(control.whole.gate.names)


def test_virtual_neighbours_are_weighed_too(world: World) -> None:
    for recommender in ("user_knn_cosine", "item_knn_cosine"):
        other = world.with_settings("augmentation=virtual_neighbours", f"recommender={recommender}")
        found = other.augmented()
        assert found.hybrid is not None
        virtual = next(one for one in found.hybrid.whole.sources if one.name == "user_knn_cosine_virtual")
        behaviour = virtual.fitted.behaviour  # type: ignore[attr-defined]
        assert behaviour.shape[0] > virtual.fitted.real_users  # type: ignore[attr-defined]


def test_too_few_users_for_a_gate_are_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    nobody = tuple(replace(posed, targets=posed.targets * 0) for posed in world.prepared.half_b)
    for posed in nobody:
        posed.targets.eliminate_zeros()
    small = replace(world, prepared=replace(world.prepared, half_b=nobody))
    with caplog.at_level(logging.WARNING):
        assert small.augmented().hybrid is None
    assert "goes without a hybrid" in caplog.text


def test_shipped_and_read_again_it_gives_the_same_lists(
    world: World, hybrid: FittedHybrid, augmented: Augmented, tmp_path: Path
) -> None:
    around = storage.Surroundings(
        {"recommender": augmented.recommender}, world.generator, completion(world.config, world.generator)
    )
    storage.save(hybrid.whole, tmp_path / "hybrid", around)
    loaded = storage.load(tmp_path / "hybrid", around)
    for posed in world.prepared.half_a:
        own, again = (one.top_k(posed.users, 10, seed=1) for one in (hybrid.whole, loaded))
        np.testing.assert_array_equal(own.ids, again.ids)
        np.testing.assert_array_equal(own.scores, again.scores)
        np.testing.assert_array_equal(own.evidence, again.evidence)
