"""One method's answers to one question with one seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

PER_USER = ("ndcg_at_10", "hit_rate_at_10")
"""Figures that are kept per user."""
SHOTS = ("0", "1", "3", "5", "10", "all")
"""Numbers of shots in order; a question may have fewer."""
_DIGITS = 12
"""Of the digest, in the name of a file."""


@dataclass(frozen=True, slots=True)
class CellKey:
    """What makes a cell this one and no other.

    Attributes:
        dataset: Name of the data set.
        question: Name of the question.
        method: Name of the method.
        seed: Of the model.
        digest: sha256 over data, split, settings, trials, part and version; 64 hexadecimal digits.

    """

    dataset: str
    question: str
    method: str
    seed: int
    digest: str

    @property
    def name(self) -> str:
        """Path below ``cells/`` without ending: ``ta_feng/next_visits/popularity/0-1a2b3c4d5e6f``."""
        return f"{self.dataset}/{self.question}/{self.method}/{self.seed}-{self.digest[:_DIGITS]}"


@dataclass(frozen=True)
class Cell:
    """One method's answers to one question with one seed.

    Attributes:
        key: Which cell this is.
        split: Name of the split.
        role: ``baseline``, ``ours``, ``placebo``, ``ablation`` or ``own`` (somebody's own lists).
        version: Version of the method's arithmetic.
        evaluate: ``test`` or ``validation``: whose figures these are.
        trials: Number of settings that were tried on half A.
        settings: The resolved settings, plain values.
        half_a: NDCG@10 on half A by shots, ``mean`` included; ``nan`` where there is none.
        figures: Every figure, one mapping each with ``metric``, ``k``, ``variant``, ``shots``, ``value``, ``users``.
        seconds: Time by stage: ``tune``, ``fit``, ``measure``.
        per_user: ``user`` (Int32, position in the population) and Float32 columns ``<figure>/<shots>`` for figures of
            ``PER_USER``; null where a user is not asked or has no targets.
        shares: Of ``hybrid``: mean weight of each score, mappings with ``shots``, ``score``, ``share``.
        edges: Tuned settings whose best value lies at the edge of their range.

    """

    key: CellKey
    split: str
    role: str
    version: int
    evaluate: str
    trials: int
    settings: Mapping[str, Any]
    half_a: Mapping[str, float]
    figures: Sequence[Mapping[str, Any]]
    seconds: Mapping[str, float]
    per_user: pl.DataFrame = field(repr=False)
    shares: Sequence[Mapping[str, Any]] = ()
    edges: Sequence[str] = ()

    def __post_init__(self) -> None:
        columns = dict(self.per_user.schema)
        wrong = sorted(
            name
            for name, kind in columns.items()
            if name != "user" and (kind != pl.Float32 or name.partition("/")[0] not in PER_USER)
        )
        if columns.get("user") != pl.Int32 or wrong:
            raise ValueError(
                f"per_user should have user (Int32) and Float32 columns <figure>/<shots> of {PER_USER}, got {columns}"
            )
