"""Search spaces: which settings of a method are tuned, and in which range (``conf/search/<method>.yaml``)."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

SEARCH = CONF_DIR / "search"
NEAR = 0.02
"""A best value this near to the edge of its range (as a share of the range) asks for a wider one."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two bounds, both included.

    Attributes:
        low: Smallest value.
        high: Largest value, above ``low``.
        log: Whether the logarithm is searched evenly; ``low`` is then above 0.
        step: Distance of the values that are tried; None for 1 of whole numbers, any of others.

    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def distribution(self) -> "BaseDistribution":
        """The same for Optuna."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.is_whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        kinds = (int,) if self.is_whole else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and self.low <= value <= self.high

    def at_edge(self, value: float) -> bool:
        """Whether a value lies at an end of it, measured as it is searched."""
        low, high, at = (math.log(one) if self.log else float(one) for one in (self.low, self.high, value))
        return (at - low) < NEAR * (high - low) or (high - at) < NEAR * (high - low)


@dataclass(frozen=True, slots=True)
class Choice:
    """Values without an order.

    Attributes:
        choices: The values, plain.

    """

    choices: tuple[Any, ...]

    def distribution(self) -> "BaseDistribution":
        """The same for Optuna."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.choices)

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return value in self.choices

    def at_edge(self, value: Any) -> bool:
        """Never: choices have no edge."""
        return False


Space = Mapping[str, Range | Choice]
"""What is tuned: dotted names of settings."""


def read_space(name: str | None) -> Space:
    """The search space of a file in conf/search; empty for None.

    Raises:
        ConfigError: The file is missing, or an entry is neither a range nor choices.

    """
    if name is None:
        return {}
    path = SEARCH / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(f"conf/search/{name}.yaml: expected a search space, there is no such file")
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {str(setting): read_entry(f"conf/search/{name}.yaml: {setting}", node) for setting, node in content.items()}


def read_entry(where: str, node: Any) -> Range | Choice:
    """What is tried of one setting, from plain values.

    Args:
        where: Where it stands, for messages.
        node: ``{low, high, log, step}`` or ``{choices: […]}``.

    Raises:
        ConfigError: It is neither.

    """
    if isinstance(node, dict) and set(node) == {"choices"} and isinstance(node["choices"], list) and node["choices"]:
        return Choice(tuple(node["choices"]))
    if not isinstance(node, dict) or not {"low", "high"} <= set(node) <= {"low", "high", "log", "step"}:
        raise ConfigError(f"{where}: expected {{low, high, log, step}} or {{choices: […]}}, got {node!r}")
    numbers = [node["low"], node["high"], node.get("step", 1)]
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in numbers):
        raise ConfigError(f"{where}: expected numbers, got {node!r} (1e-3 is written 0.001 or 1.0e-3)")
    if node["low"] >= node["high"] or (node.get("log") and node["low"] <= 0):
        raise ConfigError(f"{where}: expected low below high, and above 0 with log, got {node!r}")
    return Range(node["low"], node["high"], bool(node.get("log", False)), node.get("step"))


def value_at(settings: Mapping[str, Any], name: str) -> Any:
    """The value of a dotted setting.

    Raises:
        KeyError: There is no such setting.

    """
    node: Any = settings
    for part in name.split("."):
        if not isinstance(node, Mapping) or part not in node:
            raise KeyError(name)
        node = node[part]
    return node


def with_values(settings: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of nested settings with these dotted ones replaced.

    Raises:
        KeyError: One does not exist.

    """
    changed = copy.deepcopy(dict(settings))
    for name, value in values.items():
        value_at(changed, name)
        *branch, last = name.split(".")
        node: Any = changed
        for part in branch:
            node = node[part]
        node[last] = value
    return changed


def start_of(space: Space, settings: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The values of a space's settings, to be tried before anything else.

    Args:
        space: The space.
        settings: A method's own settings.
        what: Whose they are, for messages.

    Raises:
        ConfigError: A setting does not exist, or its value lies outside its range.

    """
    start = {}
    for name, allowed in space.items():
        try:
            value = value_at(settings, name)
        except KeyError:
            raise ConfigError(f"conf/search, {what}: {name} is no setting of it") from None
        if not allowed.holds(value):
            raise ConfigError(f"conf/search, {what}: {name} starts at {value!r}, outside of its range {allowed}")
        start[name] = value
    return start


def edges_of(space: Space, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Settings whose value lies at the edge of its range."""
    return tuple(name for name, allowed in space.items() if allowed.at_edge(values[name]))
