"""Settings of the features: how text becomes vectors, how numbers are scaled."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How the text of items becomes vectors of length 1.

    Attributes:
        dimensions: Length of a vector, ≥ 1; None keeps the sentence encoder's own length.
        min_documents: Terms in fewer texts than this are left out, ≥ 1 (TF-IDF only).
        max_terms: At most this many terms, the most frequent ones, ≥ 1 (TF-IDF only).
        analyzer: What a term is (TF-IDF only). ``word``: words and pairs of words. ``char_wb``: runs of 1 to 3
            characters within words, for text written without spaces, such as Chinese. ``auto``: ``char_wb`` where
            most letters belong to such a script, ``word`` elsewhere; decided once, when fitted.
        model_path: Folder of a sentence-transformers model on this machine; None for TF-IDF and SVD.
        batch_size: Texts per call of the sentence encoder, ≥ 1.
        seed: Seed of the randomised SVD, ≥ 0.

    """

    dimensions: int | None = 32
    min_documents: int = 2
    max_terms: int = 50_000
    analyzer: Literal["auto", "word", "char_wb"] = "auto"
    model_path: str | None = None
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dimensions is None and self.model_path is None:
            raise ValueError("dimensions must be a number ≥ 1 unless model_path names a sentence encoder, got None")
        if self.dimensions is not None and self.dimensions < 1:
            raise ValueError(f"dimensions must be ≥ 1, got {self.dimensions}")
        for name in ("min_documents", "max_terms", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be ≥ 1, got {getattr(self, name)}")
        if self.analyzer not in ("auto", "word", "char_wb"):
            raise ValueError(f"analyzer must be auto, word or char_wb, got {self.analyzer!r}")
        if self.seed < 0:
            raise ValueError(f"seed must be ≥ 0, got {self.seed}")


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """How side information becomes numbers.

    Attributes:
        scaling: ``standard`` (mean 0, standard deviation 1), ``robust`` (median 0, interquartile range 1) or
            ``min_max`` (0 … 1).
        clip: Scaled numbers are held within ± this, > 0.
        rarest_category: Values that fewer training rows hold are coded as unknown, ≥ 1. With 2 or more the code of
            the unknown is met in training, so that what it means is learned.
        log_price: Whether log(1 + price) is scaled in place of the price.
        text: How item text becomes vectors.

    """

    scaling: Literal["standard", "robust", "min_max"] = "standard"
    clip: float = 10.0
    rarest_category: int = 2
    log_price: bool = True
    text: TextSettings = field(default_factory=TextSettings)

    def __post_init__(self) -> None:
        if self.scaling not in ("standard", "robust", "min_max"):
            raise ValueError(f"scaling must be standard, robust or min_max, got {self.scaling!r}")
        if not self.clip > 0:
            raise ValueError(f"clip must be > 0, got {self.clip}")
        if self.rarest_category < 1:
            raise ValueError(f"rarest_category must be ≥ 1, got {self.rarest_category}")
