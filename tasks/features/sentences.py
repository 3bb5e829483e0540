"""Item text through a sentence encoder that lies in a local folder; the network is never asked."""

from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ConfigError
from tasks.features.settings import TextSettings
from tasks.features.text import Arrays, TextEncoder, Texts, principal_directions, project

_KEY = "features.text.model_path"


class SentenceEncoder(TextEncoder):
    """Vectors of a sentence-transformers model, optionally reduced to fewer dimensions.

    Use a folder whose origin you trust: a sentence-transformers folder names the classes that read it.

    Args:
        model_path: Folder of the model.
        dimensions: Length of a vector; None keeps the model's.
        directions: float32 (r, m), principal directions of the training texts; None where nothing is reduced.
        batch_size: Texts per call of the model.

    Raises:
        ConfigError: sentence-transformers is not installed, or the folder is missing or unreadable.

    """

    def __init__(
        self,
        model_path: str,
        dimensions: int | None = None,
        directions: NDArray[np.float32] | None = None,
        batch_size: int = 64,
    ) -> None:
        self.model_path = model_path
        self.directions = directions
        self.batch_size = batch_size
        self.dimensions = int(self._model.get_embedding_dimension()) if dimensions is None else dimensions

    @classmethod
    def fit(cls, texts: Texts, settings: TextSettings) -> "SentenceEncoder":
        """Fit the reduction to the texts (n,) that are not missing; the model itself stays as it is."""
        assert settings.model_path is not None
        whole = cls(settings.model_path, batch_size=settings.batch_size)
        if settings.dimensions is None or settings.dimensions >= whole.dimensions:
            return whole
        vectors = whole.transform([text for text in texts if text])
        directions = principal_directions(vectors, settings.dimensions, settings.seed)
        return cls(settings.model_path, settings.dimensions, directions, settings.batch_size)

    def transform(self, texts: Texts) -> NDArray[np.float32]:
        """Vectors of the texts (n,): float32 (n, dimensions)."""
        present = [position for position, text in enumerate(texts) if text]
        result = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        if not present:
            return result
        vectors = np.asarray(
            self._model.encode(
                [texts[position] for position in present],
                batch_size=self.batch_size,
                show_progress_bar=False,
                convert_to_numpy=True,
            ),
            dtype=np.float32,
        )
        width = vectors.shape[1]
        directions = np.eye(width, dtype=np.float32) if self.directions is None else self.directions
        result[present] = project(vectors, directions, self.dimensions)
        return result

    @cached_property
    def _model(self) -> Any:
        if find_spec("sentence_transformers") is None:
            raise ConfigError(
                f"{_KEY} needs the package sentence-transformers: install it with `pip install -e '.[text]'`, "
                f"or leave {_KEY} out to use TF-IDF"
            )
        folder = Path(self.model_path).expanduser()
        if not folder.is_dir():
            raise ConfigError(
                f"{_KEY}={self.model_path}: no such folder; expected the folder of a sentence-transformers model on "
                "this machine (models are never downloaded)"
            )
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
        except Exception as error:  # whatever the library meets in the folder, the remedy is the same
            raise ConfigError(
                f"{_KEY}={self.model_path}: expected the folder of a sentence-transformers model, but it cannot be "
                f"read ({type(error).__name__}: {error})"
            ) from error

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The folder and sizes as JSON values, the reduction as an array; the model itself is not copied."""
        plain = {
            "kind": "sentences",
            "model_path": self.model_path,
            "dimensions": self.dimensions,
            "batch_size": self.batch_size,
        }
        return plain, {} if self.directions is None else {"directions": self.directions}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "SentenceEncoder":
        """The encoder whose ``state`` this is."""
        directions = arrays.get("directions")
        return cls(str(state["model_path"]), int(state["dimensions"]), directions, int(state["batch_size"]))
