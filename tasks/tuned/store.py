"""Tuned settings on disk: ``<folder>/<dataset>/<question>.yaml``, one entry per method, to be read and committed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from tasks.errors import ConfigError
from tasks.runs.files import replacing

_HEADER = """\
# Settings tuned on half A by `python -m flows.benchmark`, which reads and writes this file. An entry holds as long as
# its digest (over data, defaults, search space, trials and version of the method) does.
"""


@dataclass(frozen=True, slots=True)
class TunedSettings:
    """What tuning found for a method.

    Attributes:
        settings: Its own settings, whole.
        value: NDCG@10 on half A, mean over s ≥ 1.
        trials: Number of settings that were tried.
        edges: Settings at the edge of their range.
        seconds: Time of all trials.
        digest: Of the tuning.

    """

    settings: Mapping[str, Any]
    value: float
    trials: int
    edges: tuple[str, ...]
    seconds: float
    digest: str


def read_tuned(folder: Path, dataset: str, question: str) -> dict[str, TunedSettings]:
    """Tuned settings by method; empty where there is no file.

    Raises:
        ConfigError: The file cannot be read.

    """
    path = _path(folder, dataset, question)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return {
            str(name): TunedSettings(**{**entry, "edges": tuple(entry["edges"])}) for name, entry in content.items()
        }
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"{path}: expected tuned settings by method, {' '.join(str(error).split())}. Restore the file, or remove "
            "it to tune again"
        ) from error


def write_tuned(folder: Path, dataset: str, question: str, method: str, tuned: TunedSettings) -> None:
    """Put one method's settings into the file, in one step; the others stay."""
    path = _path(folder, dataset, question)
    entries = {**read_tuned(folder, dataset, question), method: tuned}
    plain = {name: {**asdict(entry), "edges": list(entry.edges)} for name, entry in sorted(entries.items())}
    text = _HEADER + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)
    with replacing(path) as file:
        file.write_text(text, encoding="utf-8")


def _path(folder: Path, dataset: str, question: str) -> Path:
    return folder / dataset / f"{question}.yaml"
