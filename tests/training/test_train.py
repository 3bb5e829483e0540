import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lightning_modules.losses import Relativistic
from lightning_modules.networks import ArticleFormula, Conditional
from lightning_modules.trainer_settings import TrainerSettings
from tasks.augmentation.generator import FEW_USERS
from tasks.config import build_component
from tasks.domain import NewUsers, Posed, UserFeatures
from tasks.errors import DataError, ModelError, TrainingError
from tasks.training.clock import Clock
from tasks.training.train import TrainingResult, train
from tasks.training.trained_generator import DESCRIPTION, WEIGHTS, TrainedGenerator
from tests.worlds import block_new_users, block_training

BLOCKS, ITEMS = 3, 60
NETWORK = Conditional(item_dimensions=16, width=32, noise_dimensions=4)
TRAINER = TrainerSettings(max_epochs=6, batch_size=64, accelerator="cpu", tripwire_users=100)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return train(
        block_training(users=240, items=ITEMS, blocks=BLOCKS),
        network=NETWORK,
        loss=Relativistic(),
        trainer=TRAINER,
        name="conditional",
        seed=0,
        clock=Clock(),
        folder=tmp_path_factory.mktemp("train"),
        validation=[block_new_users(users=60, shots=3)],
    )


def probabilities(generator: TrainedGenerator, users: NewUsers, draws: int = 2, **more: int) -> np.ndarray:
    blocks = list(generator.draw(users, draws, more.pop("seed", 0), **more))
    assert [rows.start for rows, _ in blocks] == [0, *(rows.stop for rows, _ in blocks[:-1])]
    assert blocks[-1][0].stop == len(users)
    return np.concatenate([drawn for _, drawn in blocks], axis=1)


@pytest.mark.parametrize("shots", [0, 1, 3, None])
def test_virtual_items_lie_in_the_users_own_block(result: TrainingResult, shots: int | None) -> None:
    posed = block_new_users(users=60, shots=shots)
    drawn = probabilities(result.generator, posed.users, draws=4).mean(0)
    own = (np.arange(ITEMS)[None, :] % BLOCKS) == (np.arange(60) % BLOCKS)[:, None]
    top = np.argsort(-drawn, axis=1)[:, :10]
    assert np.take_along_axis(own, top, axis=1).mean() >= 0.9
    assert (drawn * own).sum(1).mean() >= 0.9  # and so does what is drawn at random


def test_the_support_alone_tells_the_block(result: TrainingResult) -> None:
    posed = block_new_users(users=60, shots=3)
    unknown = UserFeatures(np.zeros_like(posed.users.features.categories), posed.users.features.numbers)
    drawn = probabilities(result.generator, dataclasses.replace(posed.users, features=unknown)).mean(0)
    own = (np.arange(ITEMS)[None, :] % BLOCKS) == (np.arange(60) % BLOCKS)[:, None]
    assert (drawn * own).sum(1).mean() >= 0.8


def test_draws_are_probabilities_without_the_support(result: TrainingResult) -> None:
    users = block_new_users(users=30, shots=3).users
    drawn = probabilities(result.generator, users, draws=3)
    assert drawn.dtype == np.float32
    assert drawn.shape == (3, 30, ITEMS)
    assert drawn.min() >= 0
    assert drawn.sum(2) == pytest.approx(np.ones((3, 30)), abs=1e-4)
    assert (drawn[:, users.rows.row_of_entry, users.items] == 0).all()
    assert not np.allclose(drawn[0], drawn[1])


def test_draws_depend_on_user_and_seed_not_on_blocks(result: TrainingResult) -> None:
    users = block_new_users(users=30, shots=None).users
    drawn = probabilities(result.generator, users)
    assert np.array_equal(drawn, probabilities(result.generator, users))
    assert drawn == pytest.approx(probabilities(result.generator, users, block=7), abs=1e-6)
    some = np.array([20, 3, 11])
    assert drawn[:, some] == pytest.approx(probabilities(result.generator, users.select(some)), abs=1e-6)
    assert not np.allclose(drawn, probabilities(result.generator, users, seed=1))


@pytest.mark.parametrize("shots", [0, 3, None])
def test_what_is_expected_of_a_few_users_is_the_mean_of_their_draws(
    result: TrainingResult, tmp_path: Path, shots: int | None
) -> None:
    posed = block_new_users(users=FEW_USERS, seed=4, shots=shots)
    result.generator.save(tmp_path / "generator")
    loaded = TrainedGenerator.load(tmp_path / "generator", build_component)
    mean = probabilities(result.generator, posed.users, draws=5).mean(axis=0)
    for generator in (result.generator, loaded):
        found = generator.expected(posed.users, 5, 0)
        np.testing.assert_allclose(found, mean, rtol=2e-5, atol=1e-8)
        assert not found[posed.users.rows.row_of_entry, posed.users.items].any()


def test_changing_the_support_or_shuffling_a_feature_changes_the_draws(result: TrainingResult) -> None:
    users = block_new_users(users=30, shots=3).users
    drawn = probabilities(result.generator, users)
    other = dataclasses.replace(users, items=np.roll(users.items, 3))
    assert not np.allclose(drawn, probabilities(result.generator, other))
    for column in ("categories", "numbers"):
        values = np.random.default_rng(0).permutation(getattr(users.features, column))
        if column == "numbers":  # the world's number is the same for all
            values = values + np.linspace(-1, 1, 30, dtype=np.float32)[:, None]
        shuffled = dataclasses.replace(users, features=dataclasses.replace(users.features, **{column: values}))
        assert not np.allclose(drawn, probabilities(result.generator, shuffled)), column


def test_saved_and_loaded_generators_draw_the_same(result: TrainingResult, tmp_path: Path) -> None:
    result.generator.save(tmp_path / "generator")
    assert {path.name for path in (tmp_path / "generator").iterdir()} == {DESCRIPTION, WEIGHTS}
    loaded = TrainedGenerator.load(tmp_path / "generator", build_component)
    users = block_new_users(users=30, shots=1).users
    assert np.array_equal(probabilities(loaded, users), probabilities(result.generator, users))
    assert loaded.provenance == result.generator.provenance
    assert (loaded.name, loaded.n_items) == ("conditional", ITEMS)


def test_damaged_folders_are_named(result: TrainingResult, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        TrainedGenerator.load(tmp_path, build_component)
    result.generator.save(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(ModelError, match="saved generator"):
        TrainedGenerator.load(tmp_path, build_component)


def test_users_without_times_or_with_unseen_classes_get_draws(result: TrainingResult) -> None:
    users = block_new_users(users=6, shots=3).users
    unseen = UserFeatures(np.full((6, 1), 99, dtype=np.int32), users.features.numbers)
    untimed = dataclasses.replace(users, times=None, now=None, features=unseen)
    assert probabilities(result.generator, untimed).sum() == pytest.approx(12, abs=1e-3)


def test_a_training_without_episodes_says_what_to_change(tmp_path: Path) -> None:
    empty = dataclasses.replace(block_training(users=12), episodes=())
    with pytest.raises(DataError, match=r"split\.first_cut"):
        _train(empty, tmp_path)


def test_a_diverged_training_is_a_training_error(tmp_path: Path) -> None:
    training = block_training(users=12)
    features = UserFeatures(training.user_features.categories, np.full((12, 1), np.nan, dtype=np.float32))
    episodes = tuple(_with_features(posed, features) for posed in training.episodes)
    with pytest.raises(TrainingError, match="not finite"):
        _train(dataclasses.replace(training, episodes=episodes), tmp_path)


def test_the_score_receives_a_generator_that_draws(tmp_path: Path) -> None:
    posed = block_new_users(users=9, shots=1)
    seen = []

    def score(generator: TrainedGenerator) -> dict[str, float]:
        seen.append(probabilities(generator, posed.users).sum())
        return {"val_a/figure": float(len(seen))}

    result = _train(block_training(users=12), tmp_path, score=score, monitor="val_a/figure", network=ArticleFormula())
    assert seen == pytest.approx([18.0, 18.0], abs=1e-3)
    assert [row["val_a/figure"] for row in result.history] == [1.0, 2.0]


def _with_features(posed: Posed, features: UserFeatures) -> Posed:
    return dataclasses.replace(posed, users=dataclasses.replace(posed.users, features=features))


def _train(training, folder: Path, network=NETWORK, **more) -> TrainingResult:
    settings = dataclasses.replace(TRAINER, max_epochs=2, min_steps=2, validate_every=1)
    arguments = {"name": "network", "seed": 0, "clock": Clock(), "folder": folder} | more
    return train(training, network=network, loss=Relativistic(), trainer=settings, **arguments)
