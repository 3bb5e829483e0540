"""What the networks have to know of the shop."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lightning_modules.catalogue import Catalogue
from tasks.domain import ItemFeatures, Training, UserFeatures, Warm
from tasks.features.item_vectors import item_vectors
from tasks.training.clock import Clock

RECENT_HALF_LIVES = (3.0, 7.0, 30.0)
"""Days after which a touch counts half: what sells now, this week, this season. Which one matters is learned."""
DAY = 86_400_000_000
"""Microseconds."""


def catalogue_of(training: Training, dimensions: int, seed: int, clock: Clock, side_features: bool = True) -> Catalogue:
    """The catalogue of a training: item vectors, popularity, and the widths of the conditions.

    Args:
        training: Warm users.
        dimensions: Width d of the item vectors; with 0 they are not computed (no network asks for them).
        seed: Seeds the factorisation.
        clock: How times become a calendar.
        side_features: Whether more than behaviour is known; otherwise the catalogue has neither features of items nor
            room for those of users, and no calendar.

    """
    items = training.n_items
    if not side_features:
        users = UserFeatures.none(len(training.user_features.categories))
        training = replace(training, user_features=users, item_features=ItemFeatures.none(items))
    features = training.item_features
    vectors = np.zeros((items, 0), dtype=np.float32)
    if dimensions:
        vectors = item_vectors(training, dimensions, seed)
    # One more for each item, so that the logarithm exists.
    histories = training.warm.histories
    counts = np.bincount(histories.items, weights=histories.weights, minlength=items) + 1.0
    categories = training.user_features.categories
    widths = tuple(int(size) for size in categories.max(axis=0, initial=0) + 1)
    return Catalogue(
        n_items=items,
        item_vectors=vectors,
        log_popularity=np.log(counts / counts.sum()).astype(np.float32),
        log_recent=recent_shares(training.warm, items),
        item_features=np.concatenate([features.text, features.numbers], axis=1),
        user_cardinalities=widths,
        user_numbers=int(training.user_features.numbers.shape[1]),
        calendar_width=clock.width(side_features and training.warm.now is not None),
    )


def recent_shares(warm: Warm, items: int) -> NDArray[np.float32]:
    """Log share of each item in warm behaviour with recent touches counting for more.

    Args:
        warm: The warm users.
        items: Size I of the catalogue.

    Returns:
        float32 (I, R), one column per half-life; R is 0 without times.

    """
    times = warm.histories.times
    if times is None or warm.now is None or len(times) == 0:
        return np.zeros((items, 0), dtype=np.float32)
    age = (warm.now - times) / DAY
    columns = []
    for half_life in RECENT_HALF_LIVES:
        worth = np.exp2(-age / half_life) * warm.histories.weights
        counts = np.bincount(warm.histories.items, weights=worth, minlength=items)
        # As much as one touch of average weight more for each item, so that the logarithm exists.
        counts += counts.sum() / len(times)
        columns.append(np.log(counts / counts.sum()))
    return np.stack(columns, axis=1).astype(np.float32)
