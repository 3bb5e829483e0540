"""What the networks have to know of the shop."""

import numpy as np

from lightning_modules.catalogue import Catalogue
from tasks.domain import Training
from tasks.features.item_vectors import item_vectors
from tasks.training.clock import Clock


def catalogue_of(training: Training, dimensions: int, seed: int, clock: Clock) -> Catalogue:
    """The catalogue of a training: item vectors, popularity, and the widths of the conditions.

    Args:
        training: Warm users.
        dimensions: Width d of the item vectors; with 0 they are not computed (no network asks for them).
        seed: Seeds the factorisation.
        clock: How times become a calendar.

    """
    items, features = training.n_items, training.item_features
    vectors = np.zeros((items, 0), dtype=np.float32)
    if dimensions:
        vectors = item_vectors(training, dimensions, seed)
    # One more for each item, so that the logarithm exists.
    counts = np.bincount(training.warm.histories.items, minlength=items) + 1.0
    categories = training.user_features.categories
    widths = tuple(int(size) for size in categories.max(axis=0, initial=0) + 1)
    return Catalogue(
        n_items=items,
        item_vectors=vectors,
        log_popularity=np.log(counts / counts.sum()).astype(np.float32),
        item_features=np.concatenate([features.text, features.numbers], axis=1),
        user_cardinalities=widths,
        user_numbers=int(training.user_features.numbers.shape[1]),
        calendar_width=clock.width(training.warm.now is not None),
    )
