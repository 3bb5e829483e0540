"""From YAML files and overrides to one typed, frozen object: the only place that composes configuration.

Below this line nobody reads a setting by a string key. Components (a data set, a loss, a recommender …) are
frozen dataclasses; their YAML names the class and its settings, and the shipped YAML files are the only
registry: a class that none of them names cannot be built.
"""

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tasks.composition import composed
from tasks.errors import ConfigError
from tasks.options import option, shipped_targets
from tasks.overrides import CONF_DIR, Said, check_overrides, choices, said_by
from tasks.refusals import dotted, first_problem, unknown_key
from tasks.tuned.layers import Layers, entries_of

T = TypeVar("T")

COMPONENT_GROUPS = (
    "dataset",
    "split",
    "cleaning",
    "privacy",
    "features",
    "network",
    "loss",
    "augmentation",
    "recommender",
    "hybrid",
    "trainer",
    "tracking",
)
"""Groups of which a run has exactly one."""
_NOT_TYPED = ("names", "plain", "until", "recommenders", "tuned")
"""Fields of a run's configuration that stand at no key of their own."""


class RunConfig(BaseModel):
    """The resolved configuration of a run.

    Component fields hold built components, frozen dataclasses; the rest are plain values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    dataset: Any
    """Where the log comes from (``tasks.ingestion.raw.DatasetSource``)."""
    split: Any
    """Who is new, and when (``tasks.splitting.settings``)."""
    cleaning: Any
    """Rules of cleaning (``tasks.ingestion.cleaning.CleaningRules``)."""
    privacy: Any
    """Pseudonyms (``tasks.ingestion.pseudonyms.Privacy``)."""
    features: Any
    """Encoders of side features (``tasks.features.settings.FeatureSettings``)."""
    network: Any
    """Generator and critic (``lightning_modules.networks``)."""
    loss: Any
    """Adversarial loss (``lightning_modules.losses``)."""
    augmentation: Any
    """How virtual behaviour is used (``tasks.augmentation``)."""
    recommender: Any
    """The recommender that real and virtual behaviour is given to (``tasks.recommenders``)."""
    hybrid: Any
    """What the hybrid weighs (``tasks.hybrid.settings.HybridSettings``), or ``NoHybrid``."""
    trainer: Any
    """Epochs, batches, device, precision (``lightning_modules.fit.TrainerSettings``)."""
    tracking: Any
    """MLflow (``tasks.tracking.TrackingSettings``)."""
    seed: int = Field(ge=0, le=2**31 - 1)
    """Seeds ties, networks and draws; recorded on every artefact."""
    question: Literal["next_visits", "this_visit", "rest"] | None
    """What is asked of the model; the data set's first question when null."""
    baselines: tuple[str, ...]
    """Names in conf/recommender that are fitted and reported beside the recommender."""
    tuned_settings: bool
    """Whether settings that tuning found (conf/tuned) stand above those of conf/."""
    recommenders: Mapping[str, Any]
    """By name: the baselines and what the hybrid weighs, built."""
    tuned: tuple[str, ...]
    """Groups and recommenders whose settings come from tuning."""
    metrics: tuple[str, ...] | None
    """Names in conf/metric, beside ``hit_rate`` and ``ndcg``, which are always measured; all of them when null."""
    until: str | None
    """``dataset.until``: a date; the run sees no row at or after it."""
    evaluate: Literal["validation", "test"]
    """Whom the figures are about; every look at test users is written to benchmarks/test_looks.jsonl."""
    repeats: Literal["exclude", "include"]
    """Whether repeat purchases are reported apart, as ``…_repeats``."""
    refit: bool
    """Fit on all rows after the measurement; otherwise the evaluation fit becomes the model."""
    register_model: bool = Field(alias="register")
    """Register the model in MLflow with alias ``challenger``, the first version also ``champion``."""
    model_name: str | None = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    """Name in the registry; ``coldcart-<dataset>`` when null."""
    resume: bool
    """Go on with an unfinished run of the same configuration, data and code."""
    names: Mapping[str, str]
    """The chosen option of each group, for run names and tags."""
    plain: Mapping[str, Any]
    """Everything as plain values, for logs, keys and ``config.yaml``."""


def load_config(overrides: Sequence[str] = ()) -> RunConfig:
    """Compose ``conf/config.yaml``, check it, and build its components.

    Not thread-safe (Hydra keeps global state): call it once, before any task.

    Args:
        overrides: For example ``["dataset=ml_100k", "seed=1"]``.

    Raises:
        ConfigError: A key or value cannot be used; the message names it.
    """
    check_overrides(overrides)
    plain, names = composed("config", overrides)
    for key in _NOT_TYPED:
        if key in plain:
            raise ConfigError(unknown_key("", key, [name for name in plain if name not in _NOT_TYPED]))
    return _layered(_build(plain, names), said_by(overrides, names.get("experiment")))


def rebuilt_config(plain: Mapping[str, Any], names: Mapping[str, str]) -> RunConfig:
    """The configuration of an earlier run, from the values that it kept.

    Args:
        plain: ``RunConfig.plain``, as its ``summary.json`` and ``config.yaml`` have it.
        names: ``RunConfig.names``.

    Raises:
        ConfigError: This version does not know a setting, or another value is expected.
    """
    return _build(dict(plain), dict(names))


def _layered(config: RunConfig, said: Said) -> RunConfig:
    """The same configuration with tuned settings where a person set nothing else, and all recommenders by name."""
    first, dataset = config.dataset.questions[0], config.names["dataset"]
    entries = entries_of(CONF_DIR / "tuned", dataset, config.question or first, first) if config.tuned_settings else {}
    layers = Layers(entries, said, config.seed)
    plain, names, tuned = layers.groups(config.plain, config.names)
    needed = dict.fromkeys([*config.baselines, *build_component("hybrid", plain["hybrid"]).needs])
    plain["recommenders"] = {}
    for name in needed:
        if name == names["recommender"]:
            node = {key: value for key, value in plain["recommender"].items() if key != "_target_"}
        else:
            node, found = layers.recommender(name)
            tuned += [name] if found else []
        plain["recommenders"][name] = node
    plain["tuned"] = tuned
    return _build(plain, names)


def load_settings(settings: type[T], config_name: str, overrides: Sequence[str] = ()) -> T:
    """Compose another root of ``conf/``, for a flow that needs few settings, and build them.

    Args:
        settings: A frozen dataclass: one field per value of the root, and per group it chooses from.
        config_name: Name of the root.
        overrides: For example ``["k=10"]``.

    Raises:
        ConfigError: A key or value cannot be used or is missing; the message names it.
    """
    check_overrides(overrides)
    plain, _ = composed(config_name, overrides)
    values = {key: build_component(key, value) if key in COMPONENT_GROUPS else value for key, value in plain.items()}
    return _typed("", settings, values)


def load_appended(group: str, settings: type[T], overrides: Sequence[str]) -> T:
    """Build the settings of a group that is appended to the root (``+sweep=losses``) and no part of a run.

    Raises:
        ConfigError: Nothing is chosen from the group, or a key or value cannot be used.
    """
    check_overrides(overrides)
    plain, _ = composed("config", overrides)
    if not isinstance(plain.get(group), dict):
        raise ConfigError(f"{group}: choose one with +{group}=<name>; there is {', '.join(choices(group))}")
    return _typed(group, settings, plain[group])


def _typed(prefix: str, settings: type[T], values: Mapping[str, Any]) -> T:
    _refuse_unknown(prefix, settings, values)
    try:
        return TypeAdapter(settings).validate_python(values)
    except ValidationError as error:
        raise ConfigError(first_problem(error.errors()[0], prefix, ())) from error


def _build(plain: dict[str, Any], names: dict[str, str]) -> RunConfig:
    values = {"recommenders": {}, "tuned": (), **plain}
    if isinstance(values.get("dataset"), dict):
        values["dataset"] = dict(values["dataset"])
        values["until"] = values["dataset"].pop("until", None)
    for group in COMPONENT_GROUPS:
        if group in values:
            values[group] = build_component(group, values[group])
    values["recommenders"] = {
        name: load_component("recommender", name, node) for name, node in values["recommenders"].items()
    }
    try:
        config = RunConfig.model_validate({**values, "names": names, "plain": plain})
    except ValidationError as error:
        known = [field.alias or name for name, field in RunConfig.model_fields.items() if name not in _NOT_TYPED]
        raise ConfigError(first_problem(error.errors()[0], "", known)) from error
    if config.register_model and not config.tracking.enabled:
        raise ConfigError(
            "register: the registry is MLflow's, and with tracking=off nothing is logged that could be registered. "
            "Use tracking=mlflow, or leave register=true out"
        )
    named = (*config.baselines, *config.hybrid.needs)
    for group, listed in (("recommender", named), ("metric", config.metrics or ())):
        for name in listed:
            if name not in choices(group):
                raise ConfigError(f"{group} {name!r} is not one of {', '.join(choices(group))}")
    return config


def build_component(group: str, node: Any) -> Any:
    """Build the component that a config node describes.

    Args:
        group: Its config group, for example ``loss``.
        node: ``_target_`` and settings, plain values.

    Raises:
        ConfigError: The class is not one that conf/<group>/ names, or a setting does not fit.
    """
    if not isinstance(node, dict) or "_target_" not in node:
        raise ConfigError(f"{group}: expected one of {', '.join(choices(group))}, got {node!r}")
    settings = {str(key): value for key, value in node.items() if key != "_target_"}
    target = str(node["_target_"])
    if target not in shipped_targets(group):
        raise ConfigError(f"{group}: {target!r} is not named by any file in conf/{group}/")
    module, _, name = target.rpartition(".")
    component = getattr(importlib.import_module(module), name)
    _refuse_unknown(group, component, settings)
    try:
        return TypeAdapter(component).validate_python(settings)
    except ValidationError as error:
        raise ConfigError(first_problem(error.errors()[0], group, ())) from error


def _refuse_unknown(prefix: str, component: Any, settings: Mapping[str, Any]) -> None:
    """Pydantic ignores unknown keys of plain dataclasses; a typo must not pass in silence."""
    fields = {field.name: field for field in dataclasses.fields(component)}
    for key, value in settings.items():
        if key not in fields:
            raise ConfigError(unknown_key(prefix, key, fields))
        if dataclasses.is_dataclass(fields[key].type) and isinstance(value, dict):
            _refuse_unknown(dotted(prefix, key), fields[key].type, value)


def load_component(group: str, name: str, settings: Mapping[str, Any] | None = None) -> Any:
    """Build an option of a group by its name, as its file in conf/ describes it.

    Args:
        group: For example ``recommender``.
        name: For example ``popularity``.
        settings: Values that replace those of the file, for example from a saved model.

    Raises:
        ConfigError: There is no such option, or a setting does not fit.
    """
    if name not in choices(group):
        raise ConfigError(f"{group} {name!r} is not one of {', '.join(choices(group))}")
    return build_component(group, {**option(group, name), **(settings or {})})
