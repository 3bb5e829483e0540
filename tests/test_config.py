"""The configuration: what is shipped builds, and what is mistyped is named."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import yaml

import tasks.composition
import tasks.config
import tasks.options
import tasks.overrides
from tasks.config import COMPONENT_GROUPS, RunConfig, build_component, load_component, load_config
from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR, choices, groups
from tasks.splitting import TemporalSplit, UserHoldoutSplit

OPTIONS = [
    (group, name) for group in groups() for name in choices(group) if group not in {"experiment", "search", "sweep"}
]
NAMES = [f"{group}={name}" for group, name in OPTIONS]
SECRET = "hunter2"


@pytest.mark.parametrize(("group", "name"), OPTIONS, ids=NAMES)
def test_every_option_builds_and_writes_out_every_setting(group: str, name: str) -> None:
    node = yaml.safe_load((CONF_DIR / group / f"{name}.yaml").read_text())
    component = load_component(group, name)
    assert node["_target_"].rpartition(".")[2] == type(component).__name__
    settings = {field.name for field in dataclasses.fields(component)}
    assert settings == {key for key in node if key not in {"_target_", "defaults"}}


@pytest.mark.parametrize(("group", "name"), [one for one in OPTIONS if one[0] in COMPONENT_GROUPS], ids=str)
def test_every_option_composes(group: str, name: str) -> None:
    config = load_config([f"{group}={name}", "tuned_settings=false"])
    assert config.names[group] == name
    assert getattr(config, group) == load_component(group, name)


@pytest.mark.parametrize("name", choices("experiment"))
def test_every_experiment_composes(name: str) -> None:
    assert load_config([f"experiment={name}"]).names["experiment"] == name


def test_the_defaults_are_plain_all_through() -> None:
    config = load_config()
    assert isinstance(config, RunConfig)
    assert config.names["dataset"] == "ta_feng"
    assert yaml.safe_load(yaml.safe_dump(config.plain)) == config.plain


def test_off_is_a_name_and_not_a_truth_value() -> None:
    config = load_config(["tracking=off", "privacy=off"])
    assert not config.tracking.enabled
    assert not config.privacy.pseudonymise


def test_a_data_set_brings_its_split_and_the_command_line_wins() -> None:
    assert isinstance(load_config(["dataset=ml_100k"]).split, UserHoldoutSplit)
    assert isinstance(load_config(["dataset=ml_100k", "split=temporal"]).split, TemporalSplit)
    assert isinstance(load_config(["split=temporal", "dataset=ml_100k"]).split, TemporalSplit)
    assert isinstance(load_config(["dataset=online_retail"]).split, TemporalSplit)


def test_settings_reach_the_components() -> None:
    config = load_config(["dataset.until='2001-01-31'", "cleaning.outliers.lower=0.2", "seed=3", "metrics=[ndcg]"])
    assert config.until == "2001-01-31"
    assert config.cleaning.outliers.lower == 0.2
    assert config.seed == 3
    assert config.metrics == ("ndcg",)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["seeed=1"], r"^seeed: there is no such setting\. Did you mean 'seed'\?"),
        (["+registr=true"], r"^registr: .*Did you mean 'register'\?"),
        (["los=hinge"], r"^los: .*Did you mean 'loss'\?"),
        (["cleaning.outliers.lowr=1"], r"^cleaning\.outliers\.lowr: .*Did you mean 'lower'\?"),
        (["+cleaning.outliers.lowr=1"], r"^cleaning\.outliers\.lowr: .*Did you mean 'lower'\?"),
        (["dataset=file", "dataset.columns.usr=x"], r"^dataset\.columns\.usr: .*Did you mean 'user'\?"),
        (["seed.deeper=1"], r"^seed\.deeper: .*seed is a single value"),
        (["loss=hinje"], r"loss can be hinge, .*'hinje' is not one of them"),
        (["loss=null"], r"loss can be hinge"),
        (["~loss"], r"^loss: expected a value"),
        (["metrics=[ndgc]"], r"^metric 'ndgc' is not one of .*ndcg"),
        (["baselines=[popular]"], r"^recommender 'popular' is not one of .*popularity"),
        (
            ["hybrid.filters=[user_knn_cosine,user_knn]"],
            r"^recommender 'user_knn_blend' is not one of .*user_knn_cosine_blend",
        ),
        (["hybrid.filters=[ials]"], r"^hybrid\.completed: must be one of filters \(ials\), got 'user_knn_cosine'"),
        (["+recommenders.ease.l2=1"], r"^recommenders: .*Did you mean 'recommender'\?"),
        (["tuned=false"], r"tuned=false.*tuned_settings=false"),
        (["+tuned=[]"], r"tuned=.*tuned_settings=false"),
    ],
)
def test_a_typo_is_named_with_what_was_meant(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(overrides)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["seed=x"], r"^seed: .*valid integer.*'x'"),
        (["seed=-1"], r"^seed: .*greater than or equal to 0"),
        (["question=next"], r"^question: .*next_visits.*'next'"),
        (["trainer.max_epochs=1.5"], r"^trainer\.max_epochs: .*1\.5"),
        (["features.text.dimensions=wide"], r"^features\.text\.dimensions: .*'wide'"),
        (["cleaning.outliers=3"], r"^cleaning\.outliers: .*got 3"),
        (["cleaning.outliers.lower=0.9"], r"^cleaning\.outliers\.lower: must be between 0 and 0\.5, got 0\.9$"),
        (["cleaning.dates.earliest=soon"], r"^cleaning\.dates\.earliest: must be a day .*got 'soon'$"),
        (["features.text.dimensions=0"], r"^features\.text\.dimensions: must be ≥ 1, got 0$"),
        (["split.first_cut=soon"], r"^split\.first_cut: must be a percentile"),
        (["dataset=file", "dataset.kinds={view: -1}"], r"^dataset\.kinds\.view: must be a weight of at least 0"),
        (["dataset=block_world", "dataset.visits=100"], r"^dataset: visits \* basket must not exceed"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(overrides)


def test_nothing_can_be_registered_without_tracking() -> None:
    with pytest.raises(ConfigError, match=r"^register: .*tracking=off"):
        load_config(["register=true", "tracking=off"])
    assert load_config(["register=true"]).register_model


@pytest.mark.parametrize(
    "override",
    [
        "dataset.uri='postgresql://user:{}@host/log",
        "dataset.uri=postgresql://user:({}@host/log",
        "dataset.uri=[postgresql://user:{}@host/log]",
        "dataset.urii=postgresql://user:{}@host/log",
        "dataset.uri=postgresql://user:{}@host/log",
        "dataset.uri='postgresql://host/log?password={}'",
        "dataset.urii='postgresql://host/log?password={}'",
        "+dataset.other=postgresql://user:{}@host/log",
        "loss=postgresql://user:{}@host/log",
        "+loss={{_target_: 'postgresql://user:{}@host/log'}}",
        "dataset.uri='postgresql://user:{}@host/${{oc.env:HOME}}'",
    ],
)
def test_a_refused_override_shows_no_password(override: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(["dataset=sql", override.format(SECRET)])
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("name", choices("recommender"))
def test_recommenders_build_by_name_with_other_settings(name: str) -> None:
    component = load_component("recommender", name)
    assert (
        build_component("recommender", yaml.safe_load((CONF_DIR / f"recommender/{name}.yaml").read_text())) == component
    )
    with pytest.raises(ConfigError, match=r"recommender\.nonsense"):
        load_component("recommender", name, {"nonsense": 1})


def test_a_component_without_a_name() -> None:
    with pytest.raises(ConfigError, match=r"metric 'nonsense' is not one of .*ndcg"):
        load_component("metric", "nonsense")
    with pytest.raises(ConfigError, match=r"loss: 'os\.system' is not named by any file"):
        build_component("loss", {"_target_": "os.system"})


def test_a_file_is_all_that_an_option_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "conf"
    shutil.copytree(CONF_DIR, copy)
    for module in (tasks.composition, tasks.config, tasks.options, tasks.overrides):
        monkeypatch.setattr(module, "CONF_DIR", copy)
    node = yaml.safe_load((copy / "recommender/user_knn_cosine.yaml").read_text()) | {"neighbours": 7}
    (copy / "recommender/few_neighbours.yaml").write_text(yaml.safe_dump(node))
    assert "few_neighbours" in choices("recommender")
    config = load_config(["recommender=few_neighbours", "baselines=[few_neighbours]"])
    assert config.recommender.neighbours == 7
    assert config.names["recommender"] == "few_neighbours"
