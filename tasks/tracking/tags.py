"""Tags by which runs are found and grouped."""

import json
from collections.abc import Mapping
from typing import Any

from tasks.runs.key import config_hash
from tasks.runs.source_code import CodeState

MAX_PARAMETER = 500
"""Longest parameter value in characters; ``config.yaml`` holds the whole."""


def run_tags(
    *,
    stage: str,
    names: Mapping[str, str],
    config: Mapping[str, Any],
    question: str,
    code: CodeState,
    data_digest: str,
    run_key: str,
    run_id: str,
) -> dict[str, str]:
    """Tags of a run.

    Args:
        stage: What the run is, for example ``train`` or ``benchmark``.
        names: The chosen option of each config group (``RunConfig.names``).
        config: The resolved configuration as plain values (``RunConfig.plain``).
        question: What is asked of the model.
        code: State of the code.
        data_digest: sha256 over the source files.
        run_key: Key of the run.
        run_id: Name of the run's folder.
    """
    groups = ("dataset", "split", "network", "loss", "augmentation", "recommender", "trainer")
    tags = {group: names[group] for group in groups if group in names}
    tags |= {
        "stage": stage,
        "question": question,
        "seed": str(config.get("seed", "")),
        "config_hash": config_hash(config),
        "git_commit": code.commit or "",
        "dirty": str(code.dirty).lower(),
        "code_version": code.version,
        "data_digest": data_digest,
        "run_key": run_key,
        "run_id": run_id,
    }
    if code.commit:
        tags["mlflow.source.git.commit"] = code.commit
    return tags


def flat_parameters(config: Mapping[str, Any]) -> dict[str, str]:
    """A nested configuration as flat, legal MLflow parameters: dotted names, values as short text."""
    flat: dict[str, str] = {}
    for name, value in _leaves(config, ""):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        flat[name] = text if len(text) <= MAX_PARAMETER else text[: MAX_PARAMETER - 1] + "…"
    return flat


def _leaves(node: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for name, value in node.items():
        dotted = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping):
            leaves += _leaves(value, dotted)
        elif name == "_target_":
            # MLflow's pages cut long values: `loss` with the name of its class, not `loss._target_` with its path.
            leaves.append((prefix, str(value).rpartition(".")[2]))
        else:
            leaves.append((dotted, value))
    return leaves
