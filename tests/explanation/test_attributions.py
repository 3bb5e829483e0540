"""Attributions are exact where they can be computed by hand, and add up where they cannot."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lightning_modules.conditions import Batch
from lightning_modules.networks.article_formula import ArticleFormula
from lightning_modules.networks.base import Candidates, Generator
from lightning_modules.networks.conditional import Conditional
from tasks.augmentation.shared_draws import SharedDraws
from tasks.domain import NewUsers
from tasks.explanation.attributions import attributions, network_of
from tasks.training.trained_generator import TrainedGenerator
from tests.augmentation.made_up import BlockGenerator
from tests.model_format.test_trained_generator import generator
from tests.worlds import block_new_users

ITEMS = 60


class Linear(Generator):
    """Log probabilities that are a weighted sum over the items that are there: no softmax, nothing else."""

    n_items, noise_dimensions = ITEMS, 3

    def __init__(self) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(4)
        self.says = torch.nn.Parameter(torch.randn((ITEMS, ITEMS), generator=random))

    def condition(self, batch: Batch, presence: Tensor | None = None) -> Tensor:
        there = batch.window_mask.float() if presence is None else presence
        return torch.einsum("bl,bli->bi", there, self.says[batch.window_items])

    def decode(self, condition: Tensor | None, noise: Tensor) -> Tensor:
        assert condition is not None
        return condition

    def scores(self, latent: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        return latent - 100.0

    def log_probabilities(self, scores: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        return scores

    def fakes(self, *_: Any) -> Tensor:
        raise NotImplementedError

    reals = fakes


def users(*shots: int) -> NewUsers:
    """Users with supports of these lengths."""
    whole = block_new_users(shots=None).users.select(np.arange(len(shots)))
    features = dataclasses.replace(whole.features, numbers=np.zeros((len(shots), 0), dtype=np.float32))
    whole = dataclasses.replace(whole, features=features)
    return whole.keeping(whole.rows.position_in_row < np.array(shots)[whole.rows.row_of_entry])


def trained(module: Generator | None = None) -> TrainedGenerator:
    made = generator(Conditional())
    return made if module is None else dataclasses.replace(made, module=module.requires_grad_(False).eval())


def test_a_linear_network_is_taken_apart_exactly() -> None:
    module, asked = Linear(), users(3, 0, 4, 1)
    items = np.array([59, 1, 58, 57])
    found = attributions(trained(module), asked, items, draws=2, seed=0)
    expected = module.says[asked.items, items[asked.rows.row_of_entry]].numpy()
    assert found.values == pytest.approx(expected, abs=1e-5)
    assert found.baselines == pytest.approx(np.full(4, -100), abs=1e-4)
    assert found.scores == pytest.approx(-100 + np.bincount(asked.rows.row_of_entry, expected, minlength=4), abs=1e-4)


def test_items_before_the_window_move_nothing() -> None:
    module, asked = Linear(), users(4)
    network = dataclasses.replace(trained(module), window=2)
    found = attributions(network, asked, np.array([59]), draws=1, seed=0)
    assert found.values[:2].tolist() == [0, 0]
    assert found.values[2:] == pytest.approx(module.says[asked.items[2:], 59].numpy(), abs=1e-5)


def test_attributions_of_the_network_add_up_and_are_those_of_its_draws() -> None:
    network, asked = trained(), users(3, 0, 4, 1, 2)
    torch.manual_seed(1)
    for weights in network.module.parameters():  # an untrained one hardly looks at anything
        weights.normal_(std=0.12)
    items = np.array([59, 1, 58, 57, 56])
    found = attributions(network, asked, items, draws=3, seed=5)
    total = np.bincount(asked.rows.row_of_entry, found.values, minlength=5)
    assert total == pytest.approx(found.scores - found.baselines, abs=1e-3)
    assert np.abs(found.values).min() > 0
    assert total[1] == 0
    drawn = np.concatenate([one for _, one in network.draw(asked, 3, 5)], axis=1).mean(axis=0)
    assert np.exp(found.scores) == pytest.approx(drawn[np.arange(5), items], rel=1e-4)
    alone = asked.select(np.array([2]))
    assert attributions(network, alone, items[2:3], draws=3, seed=5).values == pytest.approx(
        found.values[3:7], abs=1e-4
    )


def test_an_own_item_is_moved_by_nothing() -> None:
    asked = users(3, 3)
    items = np.array([asked.items[0], 59])
    found = attributions(trained(Linear()), asked, items, draws=1, seed=0)
    assert found.values[:3].tolist() == [0, 0, 0]
    assert np.isneginf(found.scores[0])
    assert np.abs(found.values[3:]).min() > 0


def test_only_networks_that_look_at_items_have_any() -> None:
    network = trained()
    assert network_of(SharedDraws(network)) is network_of(network) is network
    assert network_of(None) is None
    assert network_of(BlockGenerator()) is None
    article, _ = ArticleFormula().build(network.catalogue)
    assert network_of(dataclasses.replace(network, module=article)) is None
