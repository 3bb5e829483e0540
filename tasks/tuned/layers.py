"""Layers of settings: those of conf/, above them the tuned ones, above these the run's seed and what a person set.

Tuned settings belong to an option, for example to ``recommender=ease``, and are used where that option is chosen,
whoever chose it. Where a person names another option of a group, or sets one of its keys, the option stays; a key
that is set keeps its value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.method_names import GENERATOR, HYBRID, VIRTUAL
from tasks.options import option as option_node
from tasks.overrides import Said, choices
from tasks.tuned.store import TunedSettings, read_tuned

Node = dict[str, Any]
"""``_target_`` and settings of a component, plain values."""

TUNED_GROUPS = ("network", "loss", "augmentation", "recommender", "hybrid", "trainer")
"""Groups whose settings tuning may have found."""
_OF_THE_MACHINE = {"accelerator", "devices", "precision", "data_on_device"}
"""What a trainer is told of the machine it runs on; the one that tuned was another."""


def entries_of(folder: Path, dataset: str, question: str, first: str) -> dict[str, TunedSettings]:
    """Tuned settings by method of the benchmark; none where nothing was tuned.

    Args:
        folder: conf/tuned.
        dataset: Name of the data set.
        question: What the run asks.
        first: The data set's first question: the generator is tuned on it for all questions.

    Raises:
        ConfigError: A file cannot be read.

    """
    own = read_tuned(folder, dataset, question)
    if question != first and GENERATOR not in own:
        found = read_tuned(folder, dataset, first)
        own |= {GENERATOR: found[GENERATOR]} if GENERATOR in found else {}
    return own


@dataclass(frozen=True)
class Layers:
    """How the settings of a run come together.

    Attributes:
        entries: Tuned settings by method; empty leaves everything as conf/ has it.
        said: What a person chose and set.
        seed: Of the run.

    """

    entries: Mapping[str, TunedSettings]
    said: Said
    seed: int

    def groups(
        self, plain: Mapping[str, Any], names: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, str], list[str]]:
        """Settings and options of all groups that can be tuned.

        Args:
            plain: The composed configuration: conf/ with what the person set.
            names: The composed option of each group.

        Returns:
            The same with tuned settings, and what was tuned: groups, and the name of the recommender.

        """
        layered, options, tuned = dict(plain), dict(names), []
        for group in TUNED_GROUPS:
            layered[group], options[group], found = self._group(group, plain, names)
            if found:
                tuned.append(options[group] if group == "recommender" else group)
        return layered, options, tuned

    def _group(self, group: str, plain: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Node, str, bool]:
        """Settings of a group's option, its name, and whether tuning had a say."""
        composed, name = plain[group], names[group]
        tuned, option = self._tuned(group, names)
        if tuned is None:
            return self._seeded(group, composed), name, False
        if option != name:
            if self.said.speaks_of(group):
                return self._seeded(group, composed), name, False
            composed = option_node(group, option)
        layered = self._seeded(group, _merged(composed, tuned))
        return _with_keys(layered, plain[group], self.said.keys_of(group)), option, True

    def recommender(self, name: str) -> tuple[Node, bool]:
        """Settings of a recommender that is fitted by name, without its class, and whether they are tuned."""
        node = {key: value for key, value in option_node("recommender", name).items() if key != "_target_"}
        entry = self.entries.get(name)
        return self._seeded("", node if entry is None else _merged(node, entry.settings)), entry is not None

    def _tuned(self, group: str, names: Mapping[str, str]) -> tuple[Mapping[str, Any] | None, str]:
        """Tuned settings and the option they belong to; None where there are none."""
        option = names[group]
        if group == "recommender" or (group == HYBRID and option == "standard"):
            entry = self.entries.get(option if group == "recommender" else HYBRID)
            return (None if entry is None else entry.settings), option
        if group == "augmentation" and option == "complete_profiles":
            entry = self.entries.get(f"{names['recommender']}{VIRTUAL}")
            return (None if entry is None else entry.settings), option
        generator = self.entries.get(GENERATOR)
        if generator is None or group not in generator.settings:
            return None, option
        settings = generator.settings[group]
        if group == "network":
            return settings, generator.settings["network_name"]
        if group == "trainer":
            # Whoever names a trainer says how long to train.
            own = {key: value for key, value in settings.items() if key not in _OF_THE_MACHINE}
            return (None if group in self.said.options else own), option
        return settings, self._option_with(group, settings["_target_"], option)

    def _option_with(self, group: str, target: str, composed: str) -> str:
        """The option whose file names this class; the composed one where it does."""
        names = [composed, *choices(group)]
        return next((name for name in names if option_node(group, name).get("_target_") == target), composed)

    def _seeded(self, group: str, node: Node) -> Node:
        """The run's seed wherever a recommender, or the filter in a blend, takes one."""
        if group not in ("", "recommender"):
            return node
        keys = self.said.keys_of(group) if group else ()
        return _with_seed(node, self.seed, (), frozenset(keys))


def _merged(node: Mapping[str, Any], above: Mapping[str, Any]) -> Node:
    merged = dict(node)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, Mapping) else value
    return merged


def _with_keys(node: Node, composed: Mapping[str, Any], keys: tuple[tuple[str, ...], ...]) -> Node:
    """The node with the values that these keys have in the composed one."""
    for first, *rest in keys:
        if first in composed:
            inner = composed[first]
            if rest and isinstance(inner, dict) and isinstance(node.get(first), dict):
                inner = _with_keys(node[first], inner, (tuple(rest),))
            node = {**node, first: inner}
    return node


def _with_seed(node: Node, seed: int, at: tuple[str, ...], said: frozenset[tuple[str, ...]]) -> Node:
    found = dict(node)
    for key, value in node.items():
        if key == "seed" and (*at, key) not in said:
            found[key] = seed
        elif isinstance(value, dict):
            found[key] = _with_seed(value, seed, (*at, key), said)
    return found
