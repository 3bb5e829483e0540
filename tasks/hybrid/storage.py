"""The hybrid as a part of a model folder: JSON, npz and the recommenders it weighs; nothing in it is executed.

    hybrid.json        n_items, the gate, and what is weighed, in order: kind, name and fields
    arrays.npz         arrays of the scores, one entry ``<name>.<field>`` each
    <name>/            a fitted recommender, as it writes itself; one that several scores share stands there once

What belongs to the whole model is not written again: its generator, how it completes profiles, and recommenders that
are parts of it are named, and handed in when the hybrid is read.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.shared_draws import SharedDraws
from tasks.domain import Evidence
from tasks.errors import ModelError
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.scores import Completion
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, Source
from tasks.recommenders import FittedRecommender

DESCRIPTION, ARRAYS = "hybrid.json", "arrays.npz"
_KINDS: dict[str, type[Any]] = {
    "prior": PriorSource,
    "segment": SegmentSource,
    "filter": FilterSource,
    "generator": GeneratorSource,
}


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the hybrid shares with the model it is a part of.

    Attributes:
        recommenders: Parts of the model by the name of their folder.
        generator: The model's; None without augmentation.
        completion: How the model completes profiles; None where it does not.

    """

    recommenders: Mapping[str, FittedRecommender]
    generator: ProfileGenerator | None = None
    completion: Completion | None = None


def save(hybrid: Hybrid, folder: Path, surroundings: Surroundings) -> None:
    """Write a hybrid; the folder is made if need be.

    Raises:
        TypeError: A score is of a kind, or has a field, that cannot be written.
        ValueError: A score draws from another generator than the model's.

    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder, surroundings)
    weighed = [writer.describe(source) for source in hybrid.sources]
    np.savez(folder / ARRAYS, allow_pickle=False, **writer.arrays)
    content = {"n_items": hybrid.n_items, "gate": described(hybrid.gate), "weighed": weighed}
    (folder / DESCRIPTION).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load(folder: Path, surroundings: Surroundings) -> Hybrid:
    """Read what ``save`` wrote.

    Raises:
        ModelError: The folder holds no hybrid, a damaged one, or one of a kind unknown here.

    """
    path = folder / DESCRIPTION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            reader = _Reader(folder, arrays, surroundings)
            sources = tuple(reader.source(weighed) for weighed in content["weighed"])
        return Hybrid(int(content["n_items"]), sources, _gate(content["gate"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile) as error:
        raise ModelError(f"{path}: expected a saved hybrid, got {error!r}; copy the whole model again") from error


def described(gate: Gate) -> dict[str, Any]:
    """A gate as plain values: names and weights."""
    fields = {field.name: getattr(gate, field.name) for field in dataclasses.fields(gate)}
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
    }


def _gate(content: Mapping[str, Any]) -> Gate:
    weights = {name: np.array(value, dtype=np.float64) for name, value in content.items() if name != "names"}
    return Gate(tuple(content["names"]), **weights)


def _unshared(generator: ProfileGenerator | None) -> ProfileGenerator | None:
    return generator.generator if isinstance(generator, SharedDraws) else generator


class _Writer:
    def __init__(self, folder: Path, surroundings: Surroundings) -> None:
        self.folder, self.surroundings = folder, surroundings
        self.arrays: dict[str, np.ndarray] = {}
        self._written = {id(one): {"model": name} for name, one in surroundings.recommenders.items()}

    def describe(self, source: Source) -> dict[str, Any]:
        kind = next((kind for kind, known in _KINDS.items() if type(source) is known), None)
        if kind is None:
            raise TypeError(f"{source.name}: a score of type {type(source).__name__} cannot be saved")
        fields = dataclasses.fields(source)  # type: ignore[arg-type]
        return {
            "kind": kind,
            "fields": {field.name: self._field(source, field.name, getattr(source, field.name)) for field in fields},
        }

    def _field(self, source: Source, name: str, value: Any) -> dict[str, Any]:
        if isinstance(value, Evidence):
            return {"evidence": value.name.lower()}
        if value is None or isinstance(value, bool | int | float | str):
            return {"value": value}
        if isinstance(value, np.ndarray):
            self.arrays[f"{source.name}.{name}"] = value
            return {"array": f"{source.name}.{name}"}
        if isinstance(value, FittedRecommender):
            return self._recommender(source.name, value)
        if name == "generator":
            if _unshared(value) is not _unshared(self.surroundings.generator):
                raise ValueError(f"{source.name} draws from another generator than the model's")
            return {"model": "generator"}
        if name == "completion" and self.surroundings.completion is not None:
            return {"model": "completion"}
        raise TypeError(f"{source.name}.{name}: a {type(value).__name__} cannot be saved")

    def _recommender(self, name: str, fitted: FittedRecommender) -> dict[str, Any]:
        if id(fitted) not in self._written:
            fitted.save(self.folder / name)
            self._written[id(fitted)] = {"recommender": name}
        return dict(self._written[id(fitted)])


class _Reader:
    def __init__(self, folder: Path, arrays: Any, surroundings: Surroundings) -> None:
        self.folder, self.arrays, self.surroundings = folder, arrays, surroundings
        self._read: dict[str, FittedRecommender] = {}

    def source(self, described: Mapping[str, Any]) -> Source:
        kind = _KINDS.get(described["kind"])
        if kind is None:
            raise ValueError(f"a score of kind {described['kind']!r}, which this version does not know")
        source: Source = kind(**{name: self._field(field) for name, field in described["fields"].items()})
        return source

    def _field(self, described: Mapping[str, Any]) -> Any:
        ((how, what),) = described.items()
        if how == "value":
            return what
        if how == "evidence":
            return Evidence[what.upper()]
        if how == "array":
            return self.arrays[what]
        if how == "recommender":
            return self._recommender(what)
        if how == "model":
            parts = {**self.surroundings.recommenders, **self._of_the_model()}
            if parts.get(what) is None:
                raise ValueError(f"the model has no {what}, which the hybrid needs")
            return parts[what]
        raise ValueError(f"a field of kind {how!r}, which this version does not know")

    def _of_the_model(self) -> dict[str, Any]:
        return {"generator": self.surroundings.generator, "completion": self.surroundings.completion}

    def _recommender(self, name: str) -> FittedRecommender:
        if Path(name).name != name or name.startswith("."):
            raise ValueError(f"{name!r} lies outside the folder")
        if name not in self._read:
            self._read[name] = FittedRecommender.load(self.folder / name)
        return self._read[name]
