"""The options of conf/ as their files have them: the only registry of what can be built."""

import functools
from typing import Any

import yaml

from tasks.overrides import CONF_DIR, choices


def option(group: str, name: str) -> dict[str, Any]:
    """``_target_`` and settings of an option, plain values.

    Args:
        group: For example ``recommender``.
        name: One of ``choices(group)``.

    """
    node = yaml.safe_load((CONF_DIR / group / f"{name}.yaml").read_text(encoding="utf-8"))
    return {str(key): value for key, value in node.items() if key != "defaults"}


@functools.cache
def shipped_targets(group: str) -> frozenset[str]:
    """The classes that the YAML files of a group name: the only ones that can be built."""
    return frozenset().union(*(_targets_in(option(group, name)) for name in choices(group)))


def _targets_in(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {str(node["_target_"])} if "_target_" in node else set()
        return own.union(*(_targets_in(inner) for inner in node.values()))
    if isinstance(node, list):
        return set().union(*(_targets_in(inner) for inner in node))
    return set()
