"""A catalogue that has grown: items keep the vectors that a generator knows, new ones get theirs in the same space."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lightning_modules.catalogue import Catalogue
from lightning_modules.continuation import NEW, Continuation
from tasks.training.trained_generator import TrainedGenerator

VECTORS, FEATURES = "items.vectors", "items.features"
"""Names of the tables of items in the state of a generator."""
_RIDGE = 1e-3
"""Penalty of the map between two spaces, as a share of its own scale."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """The generator that another one goes on from.

    Attributes:
        generator: The generator.
        rows: int32 (I,), row in its catalogue of each item of the new one, ``NEW`` (−1) for one it did not know.

    """

    generator: TrainedGenerator
    rows: NDArray[np.int32]


def extended(catalogue: Catalogue, earlier: Earlier) -> tuple[Catalogue, Continuation]:
    """The catalogue in the space of an earlier generator, and what is carried over from it.

    Two factorisations of a log have axes of their own, so a network cannot go on with vectors of another one. Items
    that the generator knows keep its rows. A map from the new vectors to the old ones, fitted on these items with the
    weight of the square root of their popularity, brings new items into the old space; the new vectors know an item
    by its behaviour and, before its first sale, by its text, class and price. Numeric features are treated alike.

    Args:
        catalogue: As the new training data have it.
        earlier: The generator, and where its items are now.

    """
    weights = earlier.generator.module.state_dict()
    rows = earlier.rows.astype(np.int64)
    worth = np.exp(0.5 * catalogue.log_popularity.astype(np.float64))
    tables = {}
    for name, own in ((VECTORS, catalogue.item_vectors), (FEATURES, catalogue.item_features)):
        if name in weights and own.size:
            tables[name] = moved(own, weights[name].numpy(), rows, worth)
    features = tables.get(FEATURES, catalogue.item_features)
    known = earlier.generator.catalogue
    same_columns = len(known.user_cardinalities) == len(catalogue.user_cardinalities)
    catalogue = replace(
        catalogue,
        item_vectors=tables.get(VECTORS, catalogue.item_vectors),
        item_features=features,
        # One encoder made the codes of both; a class that nobody of these users has keeps its embedding.
        user_cardinalities=known.user_cardinalities if same_columns else catalogue.user_cardinalities,
    )
    return catalogue, Continuation(weights, rows, tables)


def moved(
    own: NDArray[np.float32], before: NDArray[np.float32], rows: NDArray[np.int64], worth: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Rows of known items as they were, those of new ones brought to the same space.

    Args:
        own: float32 (I, d), in a space of their own.
        before: float32 (J, e), of the items known before.
        rows: int64 (I,), row there, or ``NEW``.
        worth: float64 (I,), weight of each item in the map.

    Returns:
        float32 (I, e).

    """
    known = rows != NEW
    design = np.hstack([own.astype(np.float64), np.ones((len(own), 1))])
    weighed = design[known] * worth[known, None]
    squares = weighed.T @ design[known]
    penalty = _RIDGE * max(float(np.trace(squares)) / len(squares), 1e-12)
    to_before = np.linalg.solve(
        squares + penalty * np.eye(len(squares)), weighed.T @ before[rows[known]].astype(np.float64)
    )
    found = (design @ to_before).astype(np.float32)
    found[known] = before[rows[known]]
    return found
