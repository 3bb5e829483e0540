import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import torch

from lightning_modules.networks.conditional import Conditional
from tasks.domain import Provenance
from tasks.model_format import Model
from tasks.training.catalogue import catalogue_of
from tasks.training.clock import Clock
from tasks.training.trained_generator import TrainedGenerator
from tests.model_format.models import block_model, build
from tests.model_format.test_model import EVENTS, files_of
from tests.worlds import block_training


def generator(network: Conditional) -> TrainedGenerator:
    torch.manual_seed(0)
    clock = Clock(has_hours=True)
    training = block_training()
    features = dataclasses.replace(
        training.user_features, numbers=np.zeros((len(training.warm.users), 0), dtype=np.float32)
    )
    catalogue = catalogue_of(dataclasses.replace(training, user_features=features), network.item_dimensions, 0, clock)
    module, _ = network.build(catalogue)
    provenance = Provenance.of("generator", np.arange(3), None)
    return TrainedGenerator(
        "conditional", network, catalogue, clock, 64, provenance, module.requires_grad_(False).eval()
    )


def test_a_model_with_a_network_comes_back_from_its_folder(tmp_path):
    network = Conditional()
    model = dataclasses.replace(block_model(augmented=True), generator=generator(network))
    model.save(tmp_path / "one")

    def load(folder: Path) -> TrainedGenerator:
        return TrainedGenerator.load(folder, lambda group, node: network)

    loaded = Model.load(tmp_path / "one", build=build, load_generator=load)
    users = pl.DataFrame({"user_id": ["carl"]})
    expected = model.recommend(EVENTS, users, k=5)
    assert loaded.recommend(EVENTS, users, k=5).equals(expected)
    assert expected.height == 15
    loaded.save(tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
