"""A shop's log as somebody would write it by hand: untidy, with ids that are easily misread."""

from pathlib import Path

import numpy as np
import polars as pl

USERS, ITEMS, BLOCKS, VISITS, BASKET = 1400, 40, 2, 2, 4


def shop_log(folder: Path) -> Path:
    """Users of block ``user % 2`` buy even or odd items. Ids have leading zeros, rows are shuffled, some come twice.

    Returns:
        ``log.csv``; ``users.csv`` beside it tells each user's block as ``member``.
    """
    random = np.random.default_rng(5)
    user = np.arange(USERS)
    taken = VISITS * BASKET
    chosen = np.argsort(random.gumbel(size=(USERS, ITEMS // BLOCKS)) - 0.05 * np.arange(ITEMS // BLOCKS), axis=1)
    item = chosen[:, :taken] * BLOCKS + (user % BLOCKS)[:, None]
    first = random.integers(0, 110, USERS)
    day = first[:, None] + np.repeat([0, 4], BASKET)
    rows = pl.DataFrame(
        {
            "user_id": names("u", np.repeat(user, taken)),
            "item_id": names("", item.ravel()),
            "timestamp": pl.Series(day.ravel()).cast(pl.Int32).cast(pl.Date).dt.offset_by("31y").cast(pl.String),
            "kind": pl.Series(np.where(np.arange(USERS * taken) % 4 == 0, "purchase", "view")),
        }
    )
    odd = pl.DataFrame(
        {
            "user_id": ["once", "98765432109876543210", "98765432109876543210"],
            "item_id": ["0000", "0002", "seen once"],
            "timestamp": ["2001-01-05", "2001-01-06", "2001-01-09"],
            "kind": ["view", "view", "view"],
        }
    )
    rows = pl.concat([rows, rows.head(50), odd]).sample(fraction=1.0, shuffle=True, seed=1)
    rows.write_csv(folder / "log.csv")
    features = pl.DataFrame({"user_id": names("u", user), "member": pl.Series(user % BLOCKS).cast(pl.String)})
    features.write_csv(folder / "users.csv")
    return folder / "log.csv"


def names(prefix: str, numbers: np.ndarray) -> pl.Series:
    """``0007`` of 7."""
    return prefix + pl.Series(numbers).cast(pl.String).str.zfill(4)
