"""Kinds of events (view, cart, purchase): how much each counts, and which are asked for."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.errors import DataError
from tasks.ingestion.identifiers import Coded

logger = logging.getLogger(__name__)

_NAMED = 10
"""Unknown kinds that a message names at most."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """What is said of the kinds of events.

    Attributes:
        weights: Weight per kind, at least 0; 0 leaves its events out. One is above 0.
        targets: Kinds that are asked for, all of a weight above 0; by default those of the greatest weight.
        unknown: Events of kinds that are not named: an ``error``, or ``ignore`` drops and counts them.

    Raises:
        ValueError: A weight or a target cannot be used.

    """

    weights: Mapping[str, float]
    targets: tuple[str, ...] = ()
    unknown: Literal["error", "ignore"] = "error"

    def __post_init__(self) -> None:
        for kind, weight in self.weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(f"kinds.{kind} must be a weight of at least 0, got {weight}")
        if not self.counting:
            raise ValueError("kinds must name a kind with a weight above 0")
        for kind in self.targets:
            if kind not in self.counting:
                raise ValueError(
                    f"target_kinds must be kinds with a weight above 0 ({', '.join(self.counting)}), got {kind!r}"
                )
        if not self.targets:
            greatest = max(self.weights.values())
            object.__setattr__(self, "targets", tuple(kind for kind in self.counting if self.weights[kind] == greatest))

    @property
    def counting(self) -> tuple[str, ...]:
        """The kinds with a weight above 0, in the order they were named."""
        return tuple(kind for kind, weight in self.weights.items() if weight > 0)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The kinds of weight 0."""
        return tuple(kind for kind, weight in self.weights.items() if weight == 0)


def refuse_unknown(kinds: pl.Series, where: str) -> None:
    """Stop at events whose kind nobody named.

    Args:
        kinds: Kinds of these events.
        where: Names the file in the message.

    Raises:
        DataError: There are any; names them with their numbers.

    """
    if len(kinds) == 0:
        return
    found = kinds.fill_null("").value_counts(sort=True).sort("count", Column.KIND, descending=[True, False])
    named = [f"{kind or '(none)'!r} ({count:,})" for kind, count in found.head(_NAMED).iter_rows()]
    more = f" and {found.height - _NAMED} more" if found.height > _NAMED else ""
    raise DataError(
        f"{where}: expected events of the kinds that dataset.kinds names, found {', '.join(named)}{more}. Give each a "
        "weight in dataset.kinds (0 leaves it out), or set dataset.unknown_kinds=ignore"
    )


def weigh(
    kinds: pl.Series, rules: KindRules | None, where: str
) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None, tuple[str, ...]]:
    """Code and weight of every row.

    Args:
        kinds: Kind of every row, String (N,); only such as count where there are rules.
        rules: What is said of them; None for nothing.
        where: Names the file in messages.

    Returns:
        uint8 (N,) positions in the names; float32 (N,) weights, or None where all are 1; the names, in the order of
        the rules, else of the alphabet.

    Raises:
        DataError: There are more kinds than can be meant, or no event of a kind that is asked for.

    """
    coded = Coded.of(kinds.cast(pl.String).fill_null(""))
    found = coded.values.to_list()
    names = tuple(found) if rules is None else rules.counting
    if len(names) > 255:
        raise DataError(
            f"{where}: expected a handful of kinds of events in column {Column.KIND!r}, found {len(names)}. "
            "Name the column that holds view, cart, purchase, or none"
        )
    codes = np.array([names.index(name) for name in found], dtype=np.uint8)[coded.codes]
    if rules is None:
        return codes, None, names
    absent = [kind for kind in names if kind not in found]
    if set(rules.targets) <= set(absent):
        raise DataError(
            f"{where}: no event is of a kind that is asked for ({', '.join(rules.targets)}). Correct its name in "
            "dataset.kinds, or name others in dataset.target_kinds"
        )
    for kind in absent:
        logger.warning("%s: no event is of the kind %r that dataset.kinds names", where, kind)
    return codes, np.array([rules.weights[name] for name in names], dtype=np.float32)[codes], names
