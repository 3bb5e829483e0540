"""TF-IDF weights of terms, reduced by a truncated SVD (latent semantic analysis)."""

import logging
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tasks.features.settings import TextSettings
from tasks.features.text import Arrays, TextEncoder, Texts, principal_directions, project

logger = logging.getLogger(__name__)

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
"""Letters of scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


class TfidfSvd(TextEncoder):
    """Latent semantic analysis (Deerwester and others 1990) of item texts.

    Args:
        analyzer: ``word`` or ``char_wb``.
        terms: Known terms, in the order of the columns.
        idf: float64 (m,), inverse document frequency of each term.
        directions: float32 (r, m), r ≤ dimensions.
        dimensions: Length of a vector; columns beyond r are 0.

    """

    def __init__(
        self,
        analyzer: str,
        terms: tuple[str, ...],
        idf: NDArray[np.float64],
        directions: NDArray[np.float32],
        dimensions: int,
    ) -> None:
        self.analyzer = analyzer
        self.terms = terms
        self.idf = idf
        self.directions = directions
        self.dimensions = dimensions

    @classmethod
    def fit(cls, texts: Texts, settings: TextSettings) -> "TfidfSvd":
        """Fit to the texts (n,) that are not missing."""
        assert settings.dimensions is not None
        present = [text for text in texts if text]
        analyzer = analyzer_for(present) if settings.analyzer == "auto" else settings.analyzer
        vectorizer = _vectorizer(analyzer, min_df=settings.min_documents, max_features=settings.max_terms)
        try:
            weights = vectorizer.fit_transform(present)
        except ValueError as error:  # sklearn's way to say that no term is left
            logger.warning(
                "no term occurs in %d item texts, text vectors are zeros (%s)", settings.min_documents, error
            )
            nothing = np.zeros((0, 0), dtype=np.float32)
            return cls(analyzer, (), np.zeros(0), nothing, settings.dimensions)
        directions = principal_directions(weights, settings.dimensions, settings.seed)
        terms = tuple(str(term) for term in vectorizer.get_feature_names_out())
        return cls(analyzer, terms, np.asarray(vectorizer.idf_, dtype=np.float64), directions, settings.dimensions)

    def transform(self, texts: Texts) -> NDArray[np.float32]:
        """Vectors of the texts (n,): float32 (n, dimensions)."""
        if not self.terms or not len(texts):
            return np.zeros((len(texts), self.dimensions), dtype=np.float32)
        weights: csr_matrix = self._fitted.transform([text or "" for text in texts])
        return project(weights.astype(np.float32), self.directions, self.dimensions)

    @cached_property
    def _fitted(self) -> Any:
        vectorizer = _vectorizer(self.analyzer, vocabulary={term: column for column, term in enumerate(self.terms)})
        vectorizer.idf_ = self.idf
        return vectorizer

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Terms and sizes as JSON values, weights as arrays."""
        plain = {
            "kind": "tfidf_svd",
            "analyzer": self.analyzer,
            "dimensions": self.dimensions,
            "terms": list(self.terms),
        }
        return plain, {"idf": self.idf, "directions": self.directions}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "TfidfSvd":
        """The encoder whose ``state`` this is."""
        terms = tuple(str(term) for term in state["terms"])
        return cls(str(state["analyzer"]), terms, arrays["idf"], arrays["directions"], int(state["dimensions"]))


def analyzer_for(texts: list[str]) -> str:
    """``char_wb`` where at least half of the letters stand in a script without blanks, else ``word``."""
    sample = "".join(texts[:1000])
    letters = sum(character.isalpha() for character in sample)
    return "char_wb" if letters and 2 * len(_UNSPACED.findall(sample)) >= letters else "word"


def _vectorizer(analyzer: str, **settings: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    ngrams = (1, 2) if analyzer == "word" else (1, 3)
    return TfidfVectorizer(analyzer=analyzer, ngram_range=ngrams, sublinear_tf=True, **settings)
