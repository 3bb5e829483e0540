"""Content-based filtering: what is like the items of the profile, by text and class (Lops et al. 2011, section 3.3).

Side information without a GAN. Of items that are equally alike, the popular ones are what somebody takes: so
similarities are multiplied by a power of popularity, and 0 as the power leaves pure content.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from tasks.domain import ItemFeatures, Provenance, Training
from tasks.recommenders.blend import Blend
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.item_knn import FittedItemKNN
from tasks.recommenders.selection import largest

logger = logging.getLogger(__name__)

_BLOCK_CELLS = 2**22
"""Similarities that are dense at a time."""


@dataclass(frozen=True)
class KNNText:
    """Settings of content-based filtering.

    Attributes:
        neighbours: Most similar items kept per item, at least 1.
        category_weight: Weight of one shared class beside the cosine of the texts, at least 0.
        price_width: Items whose numbers (the price) differ by this count for 0.6 of their similarity, by twice this
            for 0.14: exp(-d² / 2 width²), in spreads of the catalogue; 0 leaves numbers out.
        popularity_power: Power of (popularity of the item / that of the most popular one) that similarities are
            multiplied by, at least 0; the form of popularity is that of the fallback.
        fallback: Orders what is like nothing in the profile.

    """

    neighbours: int = 200
    category_weight: float = 0.3
    price_width: float = 1.0
    popularity_power: float = 1.0
    fallback: Fallback = field(default_factory=Fallback)

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {self.neighbours}")
        for name in ("category_weight", "price_width", "popularity_power"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")

    def fit(self, training: Training) -> FittedItemKNN:
        """Compare the items by their features; without text and classes everything is left to the fallback."""
        histories = training.warm.histories
        return FittedItemKNN(
            provenance=Provenance.of("knn_text", histories.users, histories.times),
            similar=self.similar(training.item_features, self.fallback.counts(training)),
            fallback=self.fallback.order(training),
        )

    def similar(self, features: ItemFeatures, counts: NDArray[np.float64]) -> csr_array:
        """The nearest items of each item, itself left out: CSR (I, I), float32, all above 0.

        Args:
            features: Of the catalogue.
            counts: Users per item, (I,), or another form of popularity.

        """
        items = len(features.text)
        if items == 0 or not (features.text.any() or (self.category_weight > 0 and features.categories.any())):
            logger.warning("the items have neither text nor classes: knn_text has nothing but its fallback")
            return csr_array((items, items), dtype=np.float32)
        return csr_array(vstack(list(self._blocks(features, counts)), format="csr"))

    def _blocks(self, features: ItemFeatures, counts: NDArray[np.float64]) -> Iterator[csr_array]:
        items, kept = len(features.text), min(self.neighbours, len(features.text))
        lengths = np.linalg.norm(features.text, axis=1, keepdims=True)
        text = np.divide(features.text, lengths, out=np.zeros_like(features.text), where=lengths > 0)
        popularity = ((counts / max(counts.max(), 1)) ** self.popularity_power).astype(np.float32)
        step = max(1, _BLOCK_CELLS // items)
        for start in range(0, items, step):
            block = np.arange(start, min(start + step, items))
            similar = self._similarities(text, features, block) * popularity
            similar[np.arange(len(block)), block] = 0
            values = np.empty((len(block), kept), dtype=np.float32)
            order = np.empty((len(block), kept), dtype=np.int64)
            largest(similar, values, order)
            found = csr_array((values.ravel(), order.ravel(), np.arange(len(block) + 1) * kept), (len(block), items))
            found.data[found.data < 0] = 0
            found.eliminate_zeros()
            found.sort_indices()
            yield found

    def _similarities(
        self, text: NDArray[np.float32], features: ItemFeatures, block: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Of the items of a block to all, float32 (block, I)."""
        similar = np.ascontiguousarray(text[block] @ text.T, dtype=np.float32)
        for codes in features.categories.T if self.category_weight > 0 else ():
            similar += self.category_weight * ((codes[block, None] == codes) & (codes > 0))
        if self.price_width > 0:
            for numbers in features.numbers.T:
                similar *= np.exp(-0.5 * ((numbers[block, None] - numbers) / self.price_width) ** 2)
        return similar


@dataclass(frozen=True)
class KNNTextBlend(Blend):
    """Content-based filtering, blended with popularity."""

    base: KNNText = field(default_factory=KNNText)
