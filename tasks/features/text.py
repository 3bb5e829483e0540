"""Text of items as vectors: TF-IDF with a truncated SVD, or a sentence encoder from a local folder."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.features.settings import TextSettings

Arrays = dict[str, NDArray[Any]]
Texts = Sequence[str | None]


class TextEncoder(ABC):
    """Turns texts into vectors of length 1; a text that is missing, or holds no known term, into zeros."""

    dimensions: int

    @abstractmethod
    def transform(self, texts: Texts) -> NDArray[np.float32]:
        """Vectors of the texts (n,): float32 (n, dimensions)."""

    @abstractmethod
    def state(self) -> tuple[dict[str, Any], Arrays]:
        """What is fitted, as plain JSON values and arrays; ``text_encoder_from_state`` reads it."""


class NoText(TextEncoder):
    """For logs without item text: vectors of no dimensions."""

    dimensions = 0

    def transform(self, texts: Texts) -> NDArray[np.float32]:
        """float32 (n, 0)."""
        return np.zeros((len(texts), 0), dtype=np.float32)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Nothing is fitted."""
        return {"kind": "none"}, {}


def fit_text_encoder(texts: Texts, settings: TextSettings) -> TextEncoder:
    """The encoder that the settings choose, fitted to the texts (n,).

    Raises:
        ConfigError: The sentence encoder is not installed, or its folder is missing or unreadable.

    """
    from tasks.features.sentences import SentenceEncoder
    from tasks.features.tfidf import TfidfSvd

    if settings.model_path is not None:
        return SentenceEncoder.fit(texts, settings)
    return TfidfSvd.fit(texts, settings)


def text_encoder_from_state(state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TextEncoder:
    """The encoder whose ``state`` this is.

    Raises:
        ValueError: The state names no kind of encoder known here.

    """
    from tasks.features.sentences import SentenceEncoder
    from tasks.features.tfidf import TfidfSvd

    if state["kind"] == "none":
        return NoText()
    if state["kind"] == "tfidf_svd":
        return TfidfSvd.from_state(state, arrays)
    if state["kind"] == "sentences":
        return SentenceEncoder.from_state(state, arrays)
    raise ValueError(f"unknown text encoder {state['kind']!r}: expected none, tfidf_svd or sentences")


def principal_directions(matrix: Any, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Right singular vectors of a matrix (n, m), dense or CSR, in falling order: float32 (≤ dimensions, m).

    Randomised SVD (Halko, Martinsson, Tropp 2011, algorithms 4.4 and 5.1) with a fixed seed and fixed signs.
    """
    from sklearn.utils.extmath import randomized_svd

    rank = min(dimensions, *matrix.shape)
    if rank == 0:
        return np.zeros((0, matrix.shape[1]), dtype=np.float32)
    _, _, directions = randomized_svd(matrix, n_components=rank, n_iter=7, random_state=seed)
    return np.ascontiguousarray(directions, dtype=np.float32)


def project(matrix: Any, directions: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """Rows of a matrix (n, m) in these directions (r, m), length 1, padded with zeros: float32 (n, dimensions)."""
    vectors = np.zeros((matrix.shape[0], dimensions), dtype=np.float32)
    vectors[:, : len(directions)] = matrix @ directions.T
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-12)
