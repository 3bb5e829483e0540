"""Names that say what varies."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.config import RunConfig, load_config
from tasks.runs.key import relevant

SEPARATOR = " · "
LONGEST = 200
"""Characters of a name; tags hold everything."""
NAMED = ("dataset", "network", "loss")
"""Groups whose option is in the name of every run, beside the seed."""


def label_of(values: Mapping[str, Any]) -> str:
    """``network=conditional · loss=hinge · seed=2``."""
    return _short(SEPARATOR.join(f"{name}={_text(value)}" for name, value in values.items()))


def varying(jobs: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Names whose values differ between jobs; all of them where none does."""
    names = tuple(dict.fromkeys(name for job in jobs for name in job))
    return tuple(name for name in names if len({job.get(name) for job in jobs}) > 1) or names


def run_label(config: RunConfig, number: int = 1) -> str:
    """Name of a run: data set, network, loss and seed, then every setting that is not as shipped.

    For example ``ml_100k-conditional-hinge-seed2 · recommender=ease · trainer.max_epochs=5 · #2``.

    Args:
        config: The run's configuration; it is composed once more, so call this before any task.
        number: Which run of this very configuration, data and code it is; told from the second on.

    """
    base = "-".join([*(config.names[group] for group in NAMED), f"seed{config.seed}"])
    again = [f"#{number}"] if number > 1 else []
    return _short(
        SEPARATOR.join([base, *(f"{name}={_text(value)}" for name, value in changes(config).items()), *again])
    )


def changes(config: RunConfig) -> dict[str, Any]:
    """What makes a configuration another one than the shipped options say: groups first, then dotted settings.

    Settings that only say where something goes, or on what machine it runs, are left out.
    """
    chosen = {group: option for group, option in config.names.items() if option not in ("None", "null")}
    default = load_config()
    others = {group: option for group, option in chosen.items() if option != _default_option(default, config, group)}
    # Only what was chosen is named: a group that is named keeps its own settings, and gets no tuned ones.
    shipped = load_config([f"{group}={option}" for group, option in others.items()])
    seen = (*NAMED, "tracking")
    found: dict[str, Any] = {group: option for group, option in others.items() if group not in seen}
    ours, theirs = _leaves(relevant(config.plain), ""), _leaves(relevant(shipped.plain), "")
    # What is fitted by name follows from the recommender, the tuned settings and the seed.
    seen_otherwise = ("seed", "tuned")
    own = {name: value for name, value in ours.items() if name not in seen_otherwise}
    own = {name: value for name, value in own.items() if not name.startswith("recommenders.")}
    found |= {name: value for name, value in own.items() if theirs.get(name, ...) != value}
    return found


def _default_option(default: RunConfig, config: RunConfig, group: str) -> str | None:
    """The option a group has where nobody chooses: a data set may bring its own."""
    if group == "split":
        return load_config([f"dataset={config.names['dataset']}"]).names["split"]
    return default.names.get(group)


def _leaves(node: Any, prefix: str) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        return {prefix: node}
    found: dict[str, Any] = {}
    for name, value in node.items():
        found |= _leaves(value, f"{prefix}.{name}" if prefix else str(name))
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text(one) for one in value) + "]"
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
