"""The run key: two runs with the same key would give the same result, so one can go on where the other stopped."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.errors import ConfigError

NOT_IN_KEY = frozenset({"tracking", "paths", "display", "hydra", "resume", "register", "model_name", "dataset.path"})
"""Settings (dotted) that say where things go or how they are shown. The content behind ``dataset.path`` is in the
key through the digests of the source files."""

MACHINE = frozenset({"device", "devices", "accelerator", "workers", "num_workers", "threads", "progress_bar"})
"""Names, at any depth, of settings that say on what a run runs, not what it computes."""


def run_key(config: Mapping[str, Any], sources: Sequence[str], code_version: str) -> str:
    """Key of a run, 64 hex digits.

    Args:
        config: The resolved configuration as plain values, whole; what does not belong is left out here.
        sources: sha256 of each source file, in the order they are read.
        code_version: ``CodeState.version``.

    Raises:
        ConfigError: A setting is not a plain value (named).
    """
    content = {
        "config": relevant(config),
        "sources": list(sources),
        "code": code_version,
    }
    return digest_of(content)


def digest_of(content: Mapping[str, Any]) -> str:
    """sha256 of plain values, 64 hex digits; the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def relevant(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a configuration that decides the result, as plain JSON values."""
    return _plain(config, "")


def config_hash(config: Mapping[str, Any]) -> str:
    """First 12 hex digits of the hash of the relevant configuration alone; the same on every machine and commit."""
    return hashlib.sha256(json.dumps(relevant(config), sort_keys=True).encode()).hexdigest()[:12]


def _plain(node: Any, key: str) -> Any:
    if isinstance(node, Mapping):
        inner = {str(name): (value, f"{key}.{name}" if key else str(name)) for name, value in node.items()}
        return {
            name: _plain(value, dotted)
            for name, (value, dotted) in inner.items()
            if name not in MACHINE and dotted not in NOT_IN_KEY
        }
    if isinstance(node, list | tuple):
        return [_plain(value, f"{key}[{place}]") for place, value in enumerate(node)]
    if node is None or isinstance(node, str | int | float | bool):
        return node
    raise ConfigError(f"{key}: expected a plain value (text, number, true or false, list), got {type(node).__name__}")
