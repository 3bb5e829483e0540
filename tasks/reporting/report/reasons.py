"""What a report says about explanations: whether they hold, and what they look like for some users."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class SimilarUsers:
    """Training users like a new one, most attended first.

    Attributes:
        real: float (m,), cosine similarity that real items carry, 0 … 1.
        virtual: float (m,), what virtual items add to it.
        attention: float (m,), their share of all attention.

    """

    real: Floats
    virtual: Floats
    attention: Floats


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """Where attention goes for one user, and what of it speaks for each recommended item.

    Attributes:
        items: Titles of the profile's items: real ones, oldest first, then the most attended virtual ones.
        is_virtual: bool (n,).
        recommended: Titles of k recommended items, best first.
        attention: float (n,), share of all attention to the profile's items, virtual ones that are not shown included.
        speaks: float (n, k), share of what the profile's items say of a recommended one; nan where they say nothing.
        neighbours: Users alike.

    """

    items: tuple[str, ...]
    is_virtual: NDArray[np.bool_]
    recommended: tuple[str, ...]
    attention: Floats
    speaks: Floats
    neighbours: SimilarUsers


@dataclass(frozen=True, slots=True)
class Reasons:
    """Explanations of the recommendations of a run.

    Attributes:
        curves: ``Faithfulness.curves``.
        differences: ``Faithfulness.differences``.
        findings: What holds and what does not, in sentences.
        maps: Some users; empty where nothing attends.

    """

    curves: pl.DataFrame
    differences: pl.DataFrame
    findings: tuple[str, ...]
    maps: tuple[AttentionMap, ...]
