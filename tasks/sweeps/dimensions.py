"""What a sweep varies: settings and config groups with the values they may take (``conf/sweep/<name>.yaml``)."""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasks.benchmark.search import Choice, Range, read_entry, value_at
from tasks.config import RunConfig
from tasks.errors import ConfigError
from tasks.overrides import choices, groups

if TYPE_CHECKING:
    from optuna import Trial

Values = Mapping[str, Any]
"""What a trial was given: dotted names of settings, or names of config groups, to plain values."""
_BARE = re.compile(r"^[A-Za-z_][A-Za-z0-9_./-]*$")
_WORDS = frozenset({"null", "true", "false", "nan", "inf", "yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that varies.

    Attributes:
        name: A dotted setting (``network.objective.adversarial``) or a config group (``loss``).
        allowed: The values it may take.
        when: Values that earlier dimensions must have for this one to be varied at all; empty for always.

    """

    name: str
    allowed: Range | Choice
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def applies(self, values: Values) -> bool:
        """Whether it is varied beside these values of earlier dimensions."""
        return all(name in values and values[name] in options for name, options in self.when.items())

    def suggest(self, trial: "Trial") -> Any:
        """The value that an Optuna trial has for it."""
        if isinstance(self.allowed, Choice):
            return trial.suggest_categorical(self.name, self.allowed.choices)
        low, high, log, step = self.allowed.low, self.allowed.high, self.allowed.log, self.allowed.step
        if self.allowed.is_whole:
            return trial.suggest_int(self.name, int(low), int(high), log=log, step=int(step or 1))
        return trial.suggest_float(self.name, low, high, log=log, step=step)

    def steps(self) -> tuple[Any, ...]:
        """All its values.

        Raises:
            ConfigError: It is a range without steps.

        """
        if isinstance(self.allowed, Choice):
            return self.allowed.choices
        low, high, step = self.allowed.low, self.allowed.high, self.allowed.step
        if step is None and not self.allowed.is_whole:
            raise ConfigError(f"sweep.space.{self.name}: sampler=grid needs choices or a range with a step")
        count = round((high - low) / (step or 1) - 0.5 + 1e-9)
        return tuple(low + place * (step or 1) for place in range(count + 1))

    def ends(self) -> tuple[Any, ...]:
        """All choices, or both ends of the range: what is looked at before anything is run."""
        return self.allowed.choices if isinstance(self.allowed, Choice) else (self.allowed.low, self.allowed.high)


def read_dimensions(space: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """The dimensions of a space, in its order.

    Args:
        space: By name ``{low, high, log, step}`` or ``{choices: […]}``, each with ``when`` or without: earlier names
            and the value, or list of values, they must have.

    Raises:
        ConfigError: An entry cannot be used (named).

    """
    dimensions: dict[str, Dimension] = {}
    for name, node in space.items():
        where = f"sweep.space.{name}"
        entry = dict(node) if isinstance(node, Mapping) else node
        conditions = entry.pop("when", None) or {} if isinstance(entry, dict) else {}
        allowed = read_entry(where, entry)
        if isinstance(allowed, Choice) and any(isinstance(one, dict | list) for one in allowed.choices):
            raise ConfigError(f"{where}: choices must be single values, got {list(allowed.choices)!r}")
        if name in groups():
            _check_options(where, name, allowed)
        when = {}
        for earlier, wanted in dict(conditions).items():
            if earlier not in dimensions:
                raise ConfigError(f"{where}.when: {earlier} must stand before it in the space, to be asked about")
            when[str(earlier)] = tuple(wanted) if isinstance(wanted, list) else (wanted,)
        dimensions[name] = Dimension(str(name), allowed, when)
    return tuple(dimensions.values())


def _check_options(where: str, group: str, allowed: Range | Choice) -> None:
    known = choices(group)
    unknown = [one for one in allowed.choices if one not in known] if isinstance(allowed, Choice) else [allowed]
    if unknown:
        raise ConfigError(f"{where}: {group} can be {', '.join(known)}; got {unknown[0]!r}")


def grid(dimensions: Sequence[Dimension]) -> list[dict[str, Any]]:
    """Every combination, once, the last dimension fastest; what does not apply is left out."""
    found: list[dict[str, Any]] = []
    for combination in itertools.product(*(dimension.steps() for dimension in dimensions)):
        values: dict[str, Any] = {}
        for dimension, value in zip(dimensions, combination, strict=True):
            if dimension.applies(values):
                values[dimension.name] = value
        if values not in found:
            found.append(values)
    return found


def own_values(dimensions: Sequence[Dimension], config: RunConfig) -> dict[str, Any] | None:
    """What a configuration has for the dimensions; None where that lies outside the space."""
    values: dict[str, Any] = {}
    for dimension in dimensions:
        if not dimension.applies(values):
            continue
        try:
            value = config.names.get(dimension.name) or value_at(config.plain, dimension.name)
        except KeyError:
            return None
        if not dimension.allowed.holds(value):
            return None
        values[dimension.name] = value
    return values


def as_overrides(values: Values) -> list[str]:
    """Values as they are typed on a command line: ``loss=hinge``, ``trainer.max_epochs=5``."""
    return [f"{name}={_typed(value)}" for name, value in values.items()]


def _typed(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _BARE.match(value) and value.lower() not in _WORDS:
        return value
    escaped = re.sub(r"(\\*)'", lambda found: 2 * found[1] + r"\'", value)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{trailing * chr(92)}'"
