"""Fitted recommenders as npz and JSON: data only, nothing in the folder is executed."""

import dataclasses
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zipfile import BadZipFile

import numpy as np
from scipy.sparse import csr_array

from tasks.domain import Provenance
from tasks.errors import ModelError

if TYPE_CHECKING:
    from tasks.recommenders.base import FittedRecommender

F = TypeVar("F", bound="FittedRecommender")

FORMAT_VERSION = 1
DESCRIPTION = "recommender.json"
ARRAYS = "arrays.npz"


def save(fitted: "FittedRecommender", folder: Path) -> None:
    """Write the fields of a fitted recommender (a dataclass) to ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    fields = {
        field.name: _describe(field.name, getattr(fitted, field.name), folder, arrays)
        for field in dataclasses.fields(cast(Any, fitted))
        if field.init
    }
    kind = type(fitted)
    description = {"format": FORMAT_VERSION, "class": f"{kind.__module__}.{kind.__qualname__}", "fields": fields}
    np.savez(folder / ARRAYS, allow_pickle=False, **arrays)
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2, sort_keys=True) + "\n")


def _describe(name: str, value: Any, folder: Path, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    from tasks.recommenders.base import FittedRecommender

    if isinstance(value, csr_array):
        for part in ("data", "indices", "indptr"):
            arrays[f"{name}.{part}"] = getattr(value, part)
        return {"csr": [int(length) for length in value.shape]}
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": str(value.dtype)}
    if isinstance(value, Provenance):
        return {"provenance": dataclasses.asdict(value)}
    if isinstance(value, FittedRecommender):
        value.save(folder / name)
        return {"recommender": name}
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    raise TypeError(f"{name}: a {type(value).__name__} cannot be saved; fields are arrays, CSR, plain values")


def load(folder: Path, kind: type[F]) -> F:
    """Read a fitted recommender of class ``kind`` or a subclass of it.

    Raises:
        ModelError: The folder holds no such thing, is damaged, or was written by a later version.

    """
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text())
        version, name, fields = description["format"], description["class"], description["fields"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: expected the description of a saved recommender, got {error!r}") from error
    if version != FORMAT_VERSION:
        raise ModelError(f"{path}: format {version!r}, but this version reads format {FORMAT_VERSION}")
    found = _class_named(str(name), kind, path)
    try:
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            values = {field: _read(field, described, folder, arrays) for field, described in fields.items()}
        return found(**values)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ModelError(f"{folder}: a damaged recommender ({error}); save it again") from error


def _class_named(name: str, kind: type[F], path: Path) -> type[F]:
    """The class, looked up among our own modules only: a model must not be able to name other code."""
    module, _, attribute = name.rpartition(".")
    found = None
    if module.startswith("tasks.recommenders."):
        try:
            found = getattr(importlib.import_module(module), attribute, None)
        except ImportError:
            found = None
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise ModelError(f"{path}: {name!r} is not a {kind.__name__} of this version")
    return found


def _read(name: str, described: dict[str, Any], folder: Path, arrays: Any) -> Any:
    (how, what), *_ = described.items()
    if how == "csr":
        parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
        return csr_array(parts, shape=tuple(what))
    if how == "array":
        return arrays[name]
    if how == "provenance":
        return Provenance(**what)
    if how == "recommender":
        from tasks.recommenders.base import FittedRecommender

        if Path(what).name != what:
            raise ValueError(f"{name} lies outside the folder")
        return load(folder / what, FittedRecommender)  # type: ignore[type-abstract]
    return described["value"]
