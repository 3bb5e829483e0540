"""A shop whose log grows: a champion that saw its first months, and what has come since."""

from pathlib import Path

import numpy as np
import polars as pl

UNTIL = "2001-03-01"
"""The champion saw no row of this day or later."""
USERS, ITEMS, BLOCKS, VISITS, BASKET = 900, 36, 2, 2, 4
LATE = 6
"""Items that nobody buys before ``UNTIL``, the last ones."""
UNSOLD = "9000"
"""An item of block 0 that only the table of items names."""


def grown_shop(folder: Path) -> Path:
    """Users of block ``user % 2`` buy items of the same block, on two days each; the last items come out late.

    Returns:
        ``log.csv``; ``items.csv`` beside it tells the shelf of each item, which is its block.
    """
    random = np.random.default_rng(7)
    user, own = np.arange(USERS), ITEMS // BLOCKS
    day = np.sort(random.integers(0, 110, USERS))
    late = day >= 59
    liking = random.gumbel(size=(USERS, own)) - 0.08 * np.arange(own)
    liking[~late, own - LATE // BLOCKS :] = -np.inf
    chosen = np.argsort(-liking, axis=1)[:, : VISITS * BASKET] * BLOCKS + (user % BLOCKS)[:, None]
    # Who came before the late items does not come back after they are out.
    gap = np.where(late, 4, np.minimum(4, 58 - day))
    days = np.repeat(np.stack([day, day + np.maximum(gap, 1)], axis=1), BASKET, axis=1)
    rows = pl.DataFrame(
        {
            "user_id": "u" + pl.Series(np.repeat(user, VISITS * BASKET)).cast(pl.String).str.zfill(4),
            "item_id": pl.Series(chosen.ravel()).cast(pl.String).str.zfill(4),
            "timestamp": pl.Series(days.ravel()).cast(pl.Int32).cast(pl.Date).dt.offset_by("31y").cast(pl.String),
        }
    )
    rows.write_csv(folder / "log.csv")
    item = [*range(ITEMS), int(UNSOLD)]
    named = pl.Series(item).cast(pl.String).str.zfill(4)
    shelves = pl.DataFrame({"item_id": named, "shelf": [f"shelf {one % BLOCKS}" for one in item]})
    shelves.write_csv(folder / "items.csv")
    return folder / "log.csv"
