"""What makes two results the same: digests over everything that decides them, and nothing of the machine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tasks.config import RunConfig
from tasks.runs.key import digest_of, relevant
from tasks.stages.ingest import Ingested

MEASURE_VERSION = 1
"""Raised by hand when the measurement itself changes: questions, ranking, metrics."""
_DATA = ("dataset", "cleaning", "privacy", "features", "repeats")


@dataclass(frozen=True, slots=True)
class DataIdentity:
    """What identifies the data of a benchmark.

    Attributes:
        files: sha256 of each source file.
        settings: Settings of data set, cleaning, pseudonyms and features, plain.
        split: Name and settings of the split that is used, and its cuts.

    """

    files: tuple[str, ...]
    settings: Mapping[str, Any]
    split: Mapping[str, Any]

    @classmethod
    def of(cls, config: RunConfig, files: Sequence[str], ingested: Ingested) -> "DataIdentity":
        """The identity of an ingested log."""
        settings, cuts = ingested.resolved.settings, ingested.resolved.cuts
        split = {"name": type(settings).__name__, "settings": asdict(settings), "cuts": asdict(cuts)}
        plain = relevant({key: config.plain[key] for key in _DATA if key in config.plain})
        return cls(tuple(files), plain, plain_values(split))


def plain_values(node: Any) -> Any:
    """Nested values as JSON has them: tuples become lists."""
    return json.loads(json.dumps(node))


def cell_digest(
    data: DataIdentity,
    *,
    question: str,
    method: str,
    version: int,
    seed: int,
    settings: Mapping[str, Any],
    trials: int,
    evaluate: str,
) -> str:
    """Digest of a cell.

    Args:
        data: The data.
        question: What is asked.
        method: Name of the method.
        version: Of the method's arithmetic.
        seed: Of the model.
        settings: Resolved settings.
        trials: Settings that were tried; 0 where nothing is tuned.
        evaluate: Whom the figures are about.

    """
    own = {"question": question, "method": method, "version": version, "seed": seed, "trials": trials}
    measured = {"evaluate": evaluate, "measure": MEASURE_VERSION, "settings": relevant(dict(settings))}
    return digest_of({"data": asdict(data), **own, **measured})


def use_digest(cell: str, use: str, version: int) -> str:
    """Digest of a use of a method.

    Args:
        cell: Digest of the method's cell: whatever makes another cell makes another one of these.
        use: Name of the use.
        version: Of its arithmetic.

    """
    return digest_of({"cell": cell, "use": use, "version": version})


def tuning_digest(
    data: DataIdentity,
    *,
    question: str,
    method: str,
    version: int,
    defaults: Mapping[str, Any],
    needed: Mapping[str, Any],
    space: Mapping[str, Any],
    trials: int,
    search: int,
) -> str:
    """Digest of a tuning: the same one gives the same settings.

    Args:
        data: The data.
        question: The question it is tuned on.
        method: Name of the method.
        version: Of the method's arithmetic.
        defaults: Its own settings before tuning.
        needed: Resolved settings of what it is built on.
        space: The search space, plain.
        trials: Settings that are tried.
        search: Version of the search.

    """
    own = {"question": question, "method": method, "version": version, "trials": trials, "search": search}
    settings = {"defaults": relevant(dict(defaults)), "needed": relevant(dict(needed)), "space": dict(space)}
    return digest_of({"data": asdict(data), "measure": MEASURE_VERSION, **own, **plain_values(settings)})
