"""Hydra's composition of conf/ to plain values, with its errors in our words."""

from collections.abc import Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR, groups
from tasks.refusals import missing_key, without_passwords


def composed(config_name: str, overrides: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A root of conf/ as plain values, and the option of each group.

    Args:
        config_name: Name of the root.
        overrides: For example ``["k=10"]``; checked before.

    Raises:
        ConfigError: Hydra cannot compose it; the message names the key.

    """
    # Under @hydra.main a global Hydra exists already; compose refuses to work beside it.
    hydra_state = GlobalHydra.instance()
    outer, hydra_state.hydra = hydra_state.hydra, None
    own = [override for override in overrides if not override.lstrip("+~").startswith(("hydra.", "hydra/"))]
    try:
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            found = compose(config_name, overrides=own, return_hydra_config=True)
        names = {str(group): str(option) for group, option in found.hydra.runtime.choices.items()}
        plain = _to_plain(found)
        plain.pop("hydra", None)
    except HydraException as error:
        raise ConfigError(_reason(error, config_name, own)) from error
    finally:
        hydra_state.hydra = outer
    return plain, {group: option for group, option in names.items() if not group.startswith("hydra")}


def _to_plain(found: DictConfig) -> dict[str, Any]:
    try:
        own = OmegaConf.create({key: value for key, value in found.items() if key != "hydra"})
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
    existing, _ = composed(config_name, chosen)
    return missing_key(words, existing) or words


def _words(error: Exception) -> str:
    """Hydra's own words, on one line, with the reason it hides in ``__cause__``."""
    parts = [str(error)] + ([str(error.__cause__)] if error.__cause__ else [])
    return without_passwords(" ".join(" ".join(parts).split()))
