"""What a person may type as an override: choose and set, never name code to run or read the environment.

Overrides come from the command line and from a form in a browser, so they are checked as text before
anything composes, resolves or imports.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from tasks.errors import ConfigError
from tasks.refusals import without_passwords

CONF_DIR = Path(__file__).resolve().parents[1] / "conf"
"""The folder of all configuration; data only, never imported."""

_SPECIAL = re.compile(r"^_.*_$")  # _target_, _args_, _partial_, _recursive_, … : Hydra's keys that run code
_OPTION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")  # a file name in a group, never a path out of it


def choices(group: str) -> tuple[str, ...]:
    """Names of the options of a config group: its YAML files are the only registry."""
    return tuple(sorted(path.stem for path in (CONF_DIR / group).glob("*.yaml")))


def groups() -> tuple[str, ...]:
    """Names of the config groups."""
    return tuple(sorted(path.name for path in CONF_DIR.iterdir() if path.is_dir()))


def default_choices(root: str) -> dict[str, str]:
    """The option of each group that a root of conf/ takes when nothing is said, for example ``{"loss": "hinge"}``.

    Args:
        root: Name of the root, for example ``config``.
    """
    listed = yaml.safe_load((CONF_DIR / f"{root}.yaml").read_text(encoding="utf-8"))["defaults"]
    pairs = [pair for entry in listed if isinstance(entry, dict) for pair in entry.items()]
    return {group: str(option) for group, option in pairs if group in groups() and option is not None}


def check_overrides(overrides: Sequence[str], *, command: bool = False) -> tuple[str, ...]:
    """Refuse overrides that could run code or read the environment.

    Args:
        overrides: For example ``["dataset=ml_100k", "network.dimensions=32"]``.
        command: Whether they stand on a command line, which may also set how Hydra itself runs (``hydra.sweep.dir``).

    Returns:
        The same overrides.

    Raises:
        ConfigError: An override cannot be parsed, holds an interpolation (``${…}``), names a key that makes
            Hydra run code (``_target_`` and its like, at any depth), touches Hydra's own settings, or
            chooses an option that is no file of its group.
    """
    for text in overrides:
        _check(text, command)
    return tuple(overrides)


def _check(text: str, command: bool) -> None:
    shown = without_passwords(text)
    if "${" in text:
        raise ConfigError(
            f"override {shown!r}: interpolations (${{…}}) are not allowed, they could read the environment. "
            "Write the value itself."
        )
    try:
        override = OverridesParser.create().parse_override(text)
    except HydraException as error:
        # The parser quotes what it stumbles over.
        first_line = str(error).splitlines()[0] if shown == text else "the value cannot be read"
        raise ConfigError(
            f"override {shown!r}: expected key=value, {first_line}. See conf/ for the keys; a value with special "
            "characters is quoted, in the shell, too: 'key=\"a (1).csv\"'."
        ) from error
    key = override.key_or_group
    for part in re.split(r"[./@:]", f"{key}.{override.package or ''}"):
        if _SPECIAL.match(part):
            raise ConfigError(
                f"override {shown!r}: the key {part!r} names code to run and can only be set by a file in conf/."
            )
    if re.split(r"[./]", key)[0] == "hydra":
        if key == "hydra" or "searchpath" in key:
            raise ConfigError(
                f"override {shown!r}: the search path of configurations is fixed. Put the file into conf/ instead."
            )
        if not command:
            raise ConfigError(
                f"override {shown!r}: Hydra's own settings belong on the command line. See conf/ for the keys."
            )
    _check_value(shown, override.value())
    if key == "tuned":  # a folder of conf/, but no group
        raise ConfigError(f"override {shown!r}: there is no such setting. tuned_settings=false leaves conf/tuned out.")
    if key in groups():
        _check_option(shown, key, override)
    elif "/" in key and key.split("/")[0] in groups():
        _check_names(shown, override)


def _check_value(shown: str, value: Any) -> None:
    """Look for special keys inside nested dictionaries and lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if _SPECIAL.match(str(key)):
                raise ConfigError(
                    f"override {shown!r}: the key {str(key)!r} names code to run and can only be set by a file in "
                    "conf/."
                )
            _check_value(shown, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_value(shown, inner)


def _check_names(shown: str, override: Override) -> None:
    """Options of a group within a group are names, too: a path would lead out of conf/."""
    for option in _options(override):
        if not _OPTION.match(option):
            raise ConfigError(f"override {shown!r}: {without_passwords(option)!r} is not a name of a file in conf/.")


def _check_option(shown: str, group: str, override: Override) -> None:
    for option in _options(override):
        if option not in choices(group):
            known = ", ".join(choices(group))
            reason = "is not a name" if not _OPTION.match(option) else "is not one of them"
            raise ConfigError(f"override {shown!r}: {group} can be {known}; {without_passwords(option)!r} {reason}.")


def _options(override: Override) -> list[str]:
    if override.is_delete():
        return []
    if override.is_sweep_override():
        return [str(option) for option in _swept(override)]
    value = override.value()
    return [str(option) for option in value] if isinstance(value, list) else [str(value)]


def _swept(override: Override) -> list[Any]:
    if override.is_discrete_sweep():
        return list(override.sweep_iterator())
    return []


@dataclass(frozen=True, slots=True)
class Said:
    """What a person chose and set, on the command line or by naming an experiment.

    Attributes:
        options: The option of each group that was named.
        keys: Dotted settings, taken apart: ``("recommender", "neighbours")``.

    """

    options: Mapping[str, str]
    keys: frozenset[tuple[str, ...]]

    def keys_of(self, group: str) -> tuple[tuple[str, ...], ...]:
        """The settings of a group, without its name."""
        return tuple(sorted(key[1:] for key in self.keys if key[0] == group and key[1:]))

    def speaks_of(self, group: str) -> bool:
        """Whether the group's option was named, or one of its settings made."""
        return group in self.options or bool(self.keys_of(group))


def said_by(overrides: Sequence[str], experiment: str | None = None) -> Said:
    """What overrides, and the experiment they name, say of groups and settings.

    Args:
        overrides: As ``check_overrides`` lets them pass.
        experiment: Name in conf/experiment.

    """
    options: dict[str, str] = {}
    keys: set[tuple[str, ...]] = set()
    if experiment in choices("experiment"):
        content = yaml.safe_load((CONF_DIR / "experiment" / f"{experiment}.yaml").read_text(encoding="utf-8"))
        for entry in content.pop("defaults", []):
            for key, option in entry.items() if isinstance(entry, dict) else ():
                options[str(key).removeprefix("override ").removeprefix("/")] = str(option)
        keys |= set(_leaves(content))
    for text in overrides:
        override = OverridesParser.create().parse_override(text)
        key = override.key_or_group
        if key in groups():
            options[key] = str(override.value())
        else:
            keys.add(tuple(key.split(".")))
    return Said(options, frozenset(keys))


def _leaves(node: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, str(key)))
        else:
            yield (*above, str(key))
