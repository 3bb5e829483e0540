"""From YAML files and overrides to one typed, frozen object: the only place that composes configuration.

Below this line nobody reads a setting by a string key. Components (a data set, a loss, a recommender …) are
frozen dataclasses; their YAML names the class and its settings, and the shipped YAML files are the only
registry: a class that none of them names cannot be built.
"""

import dataclasses
import functools
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR, check_overrides, choices, groups
from tasks.refusals import dotted, first_problem, missing_key, unknown_key, without_passwords

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
    "trainer",
    "tracking",
)
"""Groups of which a run has exactly one."""
_NOT_TYPED = ("names", "plain", "until")
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
    plain, names = _compose("config", overrides)
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
    plain, _ = _compose(config_name, overrides)
    values = {key: build_component(key, value) if key in COMPONENT_GROUPS else value for key, value in plain.items()}
    return _typed("", settings, values)


def load_appended(group: str, settings: type[T], overrides: Sequence[str]) -> T:
    """Build the settings of a group that is appended to the root (``+sweep=losses``) and no part of a run.

    Raises:
        ConfigError: Nothing is chosen from the group, or a key or value cannot be used.
    """
    check_overrides(overrides)
    plain, _ = _compose("config", overrides)
    if not isinstance(plain.get(group), dict):
        raise ConfigError(f"{group}: choose one with +{group}=<name>; there is {', '.join(choices(group))}")
    return _typed(group, settings, plain[group])


def _typed(prefix: str, settings: type[T], values: Mapping[str, Any]) -> T:
    _refuse_unknown(prefix, settings, values)
    try:
        return TypeAdapter(settings).validate_python(values)
    except ValidationError as error:
        raise ConfigError(first_problem(error.errors()[0], prefix, ())) from error


def _compose(config_name: str, overrides: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    # Under @hydra.main a global Hydra exists already; compose refuses to work beside it.
    hydra_state = GlobalHydra.instance()
    outer, hydra_state.hydra = hydra_state.hydra, None
    own = [override for override in overrides if not override.lstrip("+~").startswith(("hydra.", "hydra/"))]
    try:
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            composed = compose(config_name, overrides=own, return_hydra_config=True)
        names = {str(group): str(option) for group, option in composed.hydra.runtime.choices.items()}
        plain = _to_plain(composed)
        plain.pop("hydra", None)
    except HydraException as error:
        raise ConfigError(_reason(error, config_name, own)) from error
    finally:
        hydra_state.hydra = outer
    return plain, {group: option for group, option in names.items() if not group.startswith("hydra")}


def _to_plain(composed: DictConfig) -> dict[str, Any]:
    try:
        own = OmegaConf.create({key: value for key, value in composed.items() if key != "hydra"})
        plain = OmegaConf.to_container(own, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise ConfigError(f"{error.full_key}: expected a value, got none. Set it with {error.full_key}=…") from error
    except OmegaConfBaseException as error:
        raise ConfigError(_words(error)) from error
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _reason(error: HydraException, config_name: str, overrides: Sequence[str]) -> str:
    """Why Hydra refuses; for a key that does not exist with the one that was meant."""
    words = _words(error)
    chosen = [override for override in overrides if override.lstrip("+~").partition("=")[0] in groups()]
    if len(chosen) == len(overrides):
        return words
    existing, _ = _compose(config_name, chosen)
    return missing_key(words, existing) or words


def _words(error: Exception) -> str:
    """Hydra's own words, on one line, with the reason it hides in ``__cause__``."""
    parts = [str(error)] + ([str(error.__cause__)] if error.__cause__ else [])
    return without_passwords(" ".join(" ".join(parts).split()))


def _build(plain: dict[str, Any], names: dict[str, str]) -> RunConfig:
    values = dict(plain)
    if isinstance(values.get("dataset"), dict):
        values["dataset"] = dict(values["dataset"])
        values["until"] = values["dataset"].pop("until", None)
    for group in COMPONENT_GROUPS:
        if group in values:
            values[group] = build_component(group, values[group])
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
    for group, listed in (("recommender", config.baselines), ("metric", config.metrics or ())):
        for name in listed:
            if name not in choices(group):
                raise ConfigError(f"{group} {name!r} is not one of {', '.join(choices(group))}")
    return config


@functools.cache
def shipped_targets(group: str) -> frozenset[str]:
    """The classes that the YAML files of a group name: the only ones that can be built."""
    targets: set[str] = set()
    for name in choices(group):
        targets |= _targets_in(yaml.safe_load((CONF_DIR / group / f"{name}.yaml").read_text()))
    return frozenset(targets)


def _targets_in(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {str(node["_target_"])} if "_target_" in node else set()
        return own.union(*(_targets_in(inner) for inner in node.values()))
    if isinstance(node, list):
        return set().union(*(_targets_in(inner) for inner in node))
    return set()


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
    node = yaml.safe_load((CONF_DIR / group / f"{name}.yaml").read_text())
    node = {key: value for key, value in node.items() if key != "defaults"}
    return build_component(group, {**node, **(settings or {})})
