"""What a generator keeps when its catalogue grows."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_modules.build import build
from lightning_modules.continuation import NEW, Continuation, carry_over, item_axes
from lightning_modules.networks.article_formula import ArticleFormula
from lightning_modules.networks.conditional import Conditional
from lightning_modules.trainer_settings import TrainerSettings
from tasks.config import load_component
from tasks.refresh.fit import budget
from tasks.training.catalogue import catalogue_of
from tasks.training.clock import Clock
from tasks.training.extension import VECTORS, Earlier, extended, moved
from tasks.training.train import train
from tests.worlds import block_training

CLOCK = Clock(has_hours=False, time_zone="UTC")
TRAINER = TrainerSettings(max_epochs=1, min_steps=2, tripwire_users=10, accelerator="cpu")


def test_a_width_that_equals_the_number_of_items_is_no_axis_of_items() -> None:
    catalogue = catalogue_of(block_training(items=60), 8, 0, CLOCK)
    axes = item_axes(Conditional(item_dimensions=8, width=60, learn_items=True), catalogue)
    assert {axes[name] for name in ("items.vectors", "item_bias", "priors", "pooling")} == {0}
    assert not {"encoder.item.weight", "decoder.0.weight", "decoder.2.weight"} & set(axes)
    assert item_axes(ArticleFormula(hidden=4), catalogue) == {"weight": 0}


def test_rows_follow_their_items_and_new_ones_are_fresh() -> None:
    network = ArticleFormula(hidden=4)
    catalogue = catalogue_of(block_training(items=60), 0, 0, CLOCK)
    earlier, _ = build(network, catalogue, seed=1)
    rows = np.concatenate([np.arange(60)[::-1], [NEW, NEW]])
    grown = replace(
        catalogue,
        n_items=62,
        item_vectors=np.zeros((62, 0), np.float32),
        log_popularity=np.zeros(62, np.float32),
        log_recent=np.zeros((62, 3), np.float32),
        item_features=np.zeros((62, 0), np.float32),
    )
    fresh, _ = build(network, grown, seed=2)
    before = fresh.weight.detach().clone()
    assert carry_over(fresh, network, grown, Continuation(earlier.state_dict(), rows)) == ()
    assert torch.equal(fresh.weight[:60], earlier.weight.flip(0))
    assert torch.equal(fresh.weight[60:], before[60:])
    assert torch.equal(fresh.bias, earlier.bias)


def test_what_has_another_shape_is_trained_anew_and_said(caplog: pytest.LogCaptureFixture) -> None:
    catalogue = catalogue_of(block_training(), 0, 0, CLOCK)
    earlier, _ = build(ArticleFormula(hidden=4), catalogue, seed=1)
    other = ArticleFormula(hidden=5)
    fresh, _ = build(other, catalogue, seed=1)
    with caplog.at_level(logging.WARNING):
        names = carry_over(fresh, other, catalogue, Continuation(earlier.state_dict(), np.arange(60)))
    assert set(names) == {"weight", "bias"}
    assert "trained anew, because the earlier generator has other shapes there: weight, bias" in caplog.text


def test_new_rows_come_to_the_old_space_by_what_both_share() -> None:
    random = np.random.default_rng(0)
    own = random.normal(size=(50, 4)).astype(np.float32)
    turned, _ = np.linalg.qr(random.normal(size=(4, 4)))
    before = (2.0 * own @ turned + 1.0).astype(np.float32)
    rows = np.where(np.arange(50) < 40, np.arange(50), NEW)
    found = moved(own, before[:40], rows, np.ones(50))
    assert np.array_equal(found[:40], before[:40])
    assert np.allclose(found[40:], before[40:], atol=0.05)


def test_a_training_goes_on_from_the_weights_and_vectors_of_another(tmp_path: Path) -> None:
    network = Conditional(item_dimensions=8, width=16, noise_dimensions=4)
    loss = load_component("loss", "relativistic")

    def trained(items: int, folder: str, earlier: Earlier | None = None, seed: int = 1):  # type: ignore[no-untyped-def]
        return train(
            block_training(items=items), network=network, loss=loss, trainer=TRAINER, name="conditional", seed=seed,
            clock=CLOCK, folder=tmp_path / folder, earlier=earlier,
        ).generator  # fmt: skip

    first = trained(60, "first", seed=0)
    rows = np.concatenate([np.arange(60), np.full(6, NEW)]).astype(np.int32)
    catalogue = catalogue_of(block_training(items=66), 8, 0, CLOCK)
    assert np.isfinite(extended(catalogue, Earlier(first, rows))[0].item_vectors).all()
    second = trained(66, "second", Earlier(first, rows))
    old, new = first.module.state_dict(), second.module.state_dict()
    assert torch.equal(new[VECTORS][:60], old[VECTORS])
    assert new[VECTORS][60:].abs().sum(1).min() > 0
    started = trained(66, "from nothing").module.state_dict()
    name = "decoder.0.weight"
    assert torch.dist(new[name], old[name]) < 0.5 * torch.dist(started[name], old[name])


def test_no_epoch_is_begun_after_the_time_that_a_training_has(tmp_path: Path) -> None:
    result = train(
        block_training(), network=ArticleFormula(hidden=2), loss=load_component("loss", "relativistic"),
        trainer=replace(TRAINER, max_epochs=50), name="article_formula", seed=0, clock=CLOCK, folder=tmp_path,
        callbacks=budget(1e-7),
    )  # fmt: skip
    assert len(result.history) == 1
