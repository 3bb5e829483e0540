"""Recommenders: popularity and collaborative filtering for users the shop hardly knows."""

from pathlib import Path

from tasks.recommenders.base import FittedRecommender, Recommender
from tasks.recommenders.storage import load as _load

__all__ = ["FittedRecommender", "Recommender", "load_fitted"]


def load_fitted(folder: Path) -> FittedRecommender:
    """Read any saved recommender.

    Raises:
        ModelError: The folder holds none, or a damaged one.

    """
    return _load(folder, FittedRecommender)  # type: ignore[type-abstract]
