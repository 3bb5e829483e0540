"""Kinds of events (view, cart, purchase) and their weights."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.errors import DataError
from tasks.ingestion.identifiers import Coded
from tasks.ingestion.raw import RawLog


def weigh(
    raw: RawLog, frame: pl.DataFrame
) -> tuple[NDArray[np.uint8] | None, NDArray[np.float32] | None, tuple[str, ...]]:
    """Code and weight of every row.

    Returns:
        uint8 (N,) positions in the names, or None without kinds; float32 (N,) weights, or None where all are 1; the
        names, in the order of ``raw.kinds``, else of the alphabet.

    Raises:
        DataError: There are more kinds than can be meant.

    """
    if Column.KIND not in frame.columns:
        return None, None, ()
    coded = Coded.of(frame[Column.KIND].cast(pl.String).fill_null(""))
    found = coded.values.to_list()
    names = tuple(raw.kinds) if raw.kinds is not None else tuple(found)
    if len(names) > 255:
        raise DataError(
            f"{raw.name}: expected a handful of kinds of events in column {Column.KIND!r}, found {len(names)}. "
            "Name the column that holds view, cart, purchase, or none"
        )
    codes = np.array([names.index(name) for name in found], dtype=np.uint8)[coded.codes]
    if raw.kinds is None:
        return codes, None, names
    return codes, np.array([raw.kinds[name] for name in names], dtype=np.float32)[codes], names
