"""``format.json``: what a model folder is, who wrote it, and what it was fitted on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tasks.errors import ModelError
from tasks.model_format.folder import read_json

FORMAT = "coldcart-model"
VERSION = 2
"""2 may hold a hybrid, which version 1 would not have used."""
READABLE = (1, 2)
HEADER = "format.json"


@dataclass(frozen=True, slots=True)
class ComponentChoice:
    """A component by its name in conf/ and its settings: never by a class or module.

    Attributes:
        name: File name in its group of conf/, without ``.yaml``.
        settings: Its settings, plain values.

    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """What a model tells about itself.

    Attributes:
        coldcart: Version of the package that wrote it.
        created: When, ISO 8601 in UTC.
        question: The question it was trained for: ``next_visits``, ``this_visit`` or ``rest``.
        dataset: Name of the data set.
        seed: Seed of the run; also seeds ties and draws when it recommends.
        fit: ``refit`` (fitted on all rows) or ``evaluation`` (on warm users only).
        newest: Newest timestamp it saw, microseconds since 1970-01-01 UTC; None without times.
        digest: sha256 over the source files, hex.
        components: Chosen components by group of conf/ (recommender, augmentation, network, loss …).

    """

    coldcart: str
    created: str
    question: str
    dataset: str
    seed: int
    fit: Literal["refit", "evaluation"]
    newest: int | None
    digest: str
    components: Mapping[str, ComponentChoice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.fit not in ("refit", "evaluation"):
            raise ValueError(f"fit must be refit or evaluation, got {self.fit!r}")

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON values, with format and version."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

    @classmethod
    def read(cls, folder: Path) -> "Header":
        """Read ``format.json``.

        Raises:
            ModelError: The folder is missing, holds no model, or one of a version unknown here.

        """
        if not folder.is_dir():
            raise ModelError(f"{folder}: no such folder; expected the model/ folder of a run")
        if not (folder / HEADER).is_file():
            raise ModelError(f"{folder}: no {HEADER} in it; expected the model/ folder of a run")
        content = read_json(folder / HEADER)
        kind, version = content.pop("format", None), content.pop("version", None)
        if kind != FORMAT:
            raise ModelError(f"{folder / HEADER}: format is {kind!r}, expected {FORMAT!r}")
        if version not in READABLE:
            raise ModelError(
                f"{folder / HEADER}: version is {version!r}, this coldcart reads versions 1 to {VERSION}: "
                "use the coldcart that wrote it, or train again"
            )
        try:
            chosen = {str(group): ComponentChoice(**choice) for group, choice in content.pop("components").items()}
            return cls(**content, components=chosen)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"{folder / HEADER}: a damaged header ({error}); copy the model again") from error
