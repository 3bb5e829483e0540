"""What stands above what: conf/, tuned settings, the run's seed, what a person set."""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

import tasks.composition
import tasks.config
import tasks.options
import tasks.overrides
from tasks.config import RunConfig, load_config
from tasks.overrides import CONF_DIR, said_by
from tasks.tuned.store import TunedSettings, write_tuned

GENERATOR = {
    "network": {**yaml.safe_load((CONF_DIR / "network" / "conditional.yaml").read_text()), "width": 96, "interests": 5},
    "loss": {"_target_": "lightning_modules.losses.hinge.Hinge"},
    "trainer": {
        **yaml.safe_load((CONF_DIR / "trainer" / "auto.yaml").read_text()),
        **{"max_epochs": 33, "batch_size": 128, "accelerator": "cpu", "precision": "bf16-mixed"},
    },
    "network_name": "conditional",
}
FILTER = {"neighbours": 77, "shrink": 7.0, "fallback": {"form": "late_popularity", "half_life_days": 5.0}}
IALS = {"factors": 9, "regularization": 1.0, "alpha": 2.0, "iterations": 3, "seed": 0}
POLICY = {"items": 3, "draws": 2, "weight": 0.5, "kappa": None}
ENTRIES: dict[tuple[str, str], dict[str, Any]] = {
    ("user_knn_cosine", "next_visits"): FILTER,
    ("user_knn_cosine", "this_visit"): {**FILTER, "neighbours": 55},
    ("ials", "next_visits"): IALS,
    ("ials_blend", "next_visits"): {"base": IALS, "weight": 0.5, "fade": 0.1},
    ("decayed_popularity", "next_visits"): {"half_life_days": 3.5},
    ("user_knn_cosine_virtual", "next_visits"): {"policy": POLICY},
    ("hybrid", "next_visits"): {"ridge": 0.125},
    ("generator", "next_visits"): GENERATOR,
}

Load = Callable[..., RunConfig]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Configurations from a copy of conf/ where block_world is tuned."""
    copy = tmp_path / "conf"
    shutil.copytree(CONF_DIR, copy)
    for module in (tasks.composition, tasks.config, tasks.options, tasks.overrides):
        monkeypatch.setattr(module, "CONF_DIR", copy)
    for (method, question), settings in ENTRIES.items():
        tuned = TunedSettings(settings, 0.1, 3, (), 1.0, "ab" * 32)
        write_tuned(copy / "tuned", "block_world", question, method, tuned)
    (copy / "experiment" / "short.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /loss: relativistic\ntrainer:\n  max_epochs: 2\n"
    )

    def loaded(*overrides: str) -> RunConfig:
        return load_config(["dataset=block_world", *overrides])

    return loaded


def test_tuned_settings_stand_above_those_of_conf(load: Load) -> None:
    config = load()
    assert asdict(config.recommender) == {**FILTER, "fallback": FILTER["fallback"]}
    assert (config.network.width, config.network.interests) == (96, 5)
    assert config.names["loss"] == "hinge"
    assert type(config.loss).__name__ == "Hinge"
    assert config.augmentation.policy.items == 3
    assert config.augmentation.policy.kappa is None
    assert config.hybrid.ridge == 0.125
    assert config.recommenders["ials_blend"].base.factors == 9
    assert config.recommenders["decayed_popularity"].half_life_days == 3.5
    assert config.recommenders["rp3beta_blend"] == load("tuned_settings=false").recommenders["rp3beta_blend"]
    groups = {"network", "loss", "trainer", "augmentation", "hybrid"}
    assert set(config.tuned) == groups | {"user_knn_cosine", "ials_blend", "decayed_popularity"}
    assert config.plain["recommenders"]["ials_blend"]["base"]["factors"] == 9
    assert yaml.safe_load(yaml.safe_dump(config.plain)) == config.plain


def test_the_machine_of_the_tuning_is_not_that_of_the_run(load: Load) -> None:
    config = load()
    assert (config.trainer.max_epochs, config.trainer.batch_size) == (33, 128)
    assert (config.trainer.accelerator, config.trainer.precision) == ("auto", "32-true")


def test_the_switch_leaves_them_out(load: Load) -> None:
    config = load("tuned_settings=false")
    assert config.tuned == ()
    assert config.recommender.neighbours == 300
    assert config.names["loss"] == "relativistic"


def test_what_is_set_on_the_command_line_wins(load: Load) -> None:
    config = load(
        "recommender.neighbours=5",
        "recommender.fallback.half_life_days=8",
        "network.width=64",
        "baselines=[user_knn_cosine]",
    )
    assert (config.recommender.neighbours, config.recommender.shrink) == (5, 7.0)
    assert asdict(config.recommender.fallback) == {"form": "late_popularity", "half_life_days": 8.0}
    assert (config.network.width, config.network.interests) == (64, 5)
    assert config.recommenders["user_knn_cosine"] == config.recommender


def test_an_option_that_is_named_wins(load: Load) -> None:
    assert load("loss=least_squares").names["loss"] == "least_squares"
    assert load("loss=hinge").names["loss"] == "hinge"
    assert load("network=article_lstm").names["network"] == "article_lstm"
    assert load("network=conditional").network.interests == 5
    assert load("trainer=smoke").trainer.max_epochs == 2
    assert load("augmentation=none").names["augmentation"] == "none"
    assert load("hybrid=none").tuned.count("hybrid") == 0
    assert load("trainer.min_steps=7").trainer.min_steps == 7


def test_tuned_settings_belong_to_their_option(load: Load) -> None:
    config = load("recommender=ials", "seed=4")
    assert (config.recommender.factors, config.recommender.iterations) == (9, 3)
    assert config.augmentation.policy.items == 20  # ials_virtual was not tuned
    assert load("recommender=rp3beta").recommender.neighbours == 300


def test_an_experiment_is_said_too(load: Load) -> None:
    config = load("experiment=short")
    assert config.names["loss"] == "relativistic"
    assert (config.trainer.max_epochs, config.trainer.batch_size) == (2, 128)


def test_the_seed_of_the_run_seeds_what_is_fitted(load: Load) -> None:
    config = load("seed=4", "recommender=ials_blend")
    assert config.recommenders["ials_blend"].base.seed == 4
    assert config.recommender.base.seed == 4
    own = load("seed=4", "recommender=ials", "recommender.seed=11", "baselines=[ials]")
    assert own.recommender.seed == 11
    assert own.recommenders["ials"].seed == 11


def test_questions_are_tuned_apart_and_the_generator_on_the_first(load: Load) -> None:
    config = load("question=this_visit")
    assert config.recommender.neighbours == 55
    assert config.network.interests == 5
    assert config.recommenders["ials_blend"].base.factors == 64


def test_a_data_set_that_was_never_tuned_stands_as_conf_has_it(load: Load) -> None:
    config = load("dataset=file", "dataset.path=log.csv")
    assert config.tuned == ()
    assert config.recommender.neighbours == 300


def test_what_is_said_is_taken_apart() -> None:
    said = said_by(["loss=hinge", "+trainer.max_epochs=3", "recommender.fallback.form=popularity"], "demo")
    assert said.options["loss"] == "hinge"
    assert said.options["recommender"] == "user_knn_cosine"
    assert said.keys_of("recommender") == (("fallback", "form"),)
    assert said.keys_of("trainer") == (("max_epochs",), ("min_steps",))
    assert said.speaks_of("trainer")
    assert not said.speaks_of("augmentation")
