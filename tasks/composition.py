"""Hydra's composition of conf/ to plain values, with its errors in our words."""

import re
from collections.abc import Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR
from tasks.refusals import unknown_key, without_passwords

_NO_KEY = re.compile(r"Could not override '([^']+)'")


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
        raise ConfigError(missing_key(error) or _words(error)) from error
    finally:
        hydra_state.hydra = outer
    return plain, {group: option for group, option in names.items() if not group.startswith("hydra")}


def missing_key(error: Exception) -> str | None:
    """What Hydra says of an override whose key does not exist, in our words; None for anything else it says.

    Args:
        error: Hydra's, perhaps with OmegaConf's below it, which knows what stands beside the key.

    """
    found, cause = _NO_KEY.search(str(error)), error.__cause__
    if found is None:
        return None
    if not isinstance(cause, ConfigAttributeError | ConfigKeyError):
        return f"{found.group(1)}: there is no such setting."  # the list of groups has none of that name
    above = str(cause.full_key).rpartition(".")[0]
    beside = [str(key) for key in cause.parent_node or () if key not in ("_target_", "hydra")]
    if not beside:
        return f"{found.group(1)}: there is no such setting, {above} is a single value."
    return unknown_key(above, str(cause.key), beside)


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


def _words(error: Exception) -> str:
    """Hydra's own words, on one line, with the reason it hides in ``__cause__``."""
    parts = [str(error)] + ([str(error.__cause__)] if error.__cause__ else [])
    return without_passwords(" ".join(" ".join(parts).split()))
