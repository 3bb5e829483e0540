"""A small synthetic world with a known answer, for tests: users of a block take items of their block only."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl

from tasks.domain import Column, LogRoles
from tasks.ingestion.raw import RawLog

FIRST_DAY = 18_628  # 2021-01-01, days since 1970-01-01
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class BlockWorld:
    """Users and items in blocks; the block of user ``u17`` is 17 modulo ``blocks``, likewise for item ``i17``.

    New users come all the time, spread evenly over the first four fifths of the days. Each visits on ``visits`` days,
    one to three days apart, and takes ``basket`` items of the block that are new to them every time; items are
    not equally popular. The feature ``segment`` tells the block, the feature ``age`` tells nothing.
    With the cuts of the temporal split at their defaults a fifth of the users can be validated on, a quarter tested.

    Attributes:
        users: Number of users, at least 10.
        items: Number of items.
        blocks: Number of blocks, at least 1.
        days: Length of the log in days, at least 10.
        visits: Visits per user, at least 1.
        basket: Items per visit, at least 1; ``visits * basket`` must not exceed ``items // blocks``.
        seed: Seed of the world.

    """

    users: int = 600
    items: int = 60
    blocks: int = 3
    days: int = 120
    visits: int = 3
    basket: int = 4
    seed: int = 0

    questions: ClassVar[tuple[str, ...]] = ("next_visits", "this_visit", "rest")

    def __post_init__(self) -> None:
        for name, lowest in (("users", 10), ("items", 1), ("blocks", 1), ("days", 10), ("visits", 1), ("basket", 1)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be at least {lowest}, got {getattr(self, name)}")
        if self.visits * self.basket > self.items // self.blocks:
            raise ValueError(
                f"visits * basket must not exceed the {self.items // self.blocks} items of a block, "
                f"got {self.visits} * {self.basket}"
            )

    def load(self, cache: Path) -> RawLog:
        """The world as a log; nothing is read or cached."""
        random = np.random.default_rng(self.seed)
        own, taken = self.items // self.blocks, self.visits * self.basket
        user = np.arange(self.users)
        # Gumbel noise on log popularity: distinct items, popular ones more often. Shape (users, own).
        liking = -0.7 * np.log1p(np.arange(own)) + random.gumbel(size=(self.users, own))
        position = np.argsort(-liking, axis=1)[:, :taken]
        item = position * self.blocks + (user % self.blocks)[:, None]
        # Arrival has nothing to do with the block: u0, u1, … come in random order.
        arrival = random.permutation(user) * (0.8 * self.days) / self.users
        gaps = random.integers(1, 4, size=(self.users, self.visits))
        gaps[:, 0] = 0
        day = np.minimum(np.floor(arrival)[:, None] + gaps.cumsum(axis=1), self.days - 1)  # (users, visits)
        within = random.integers(8 * 3600, 20 * 3600, size=(self.users, self.visits)) * 1_000_000
        time = (FIRST_DAY + day.astype(np.int64)) * DAY + within
        time = np.repeat(time, self.basket, axis=1) + np.arange(taken) * 1_000_000  # (users, taken)
        names = "u" + pl.Series("user", user).cast(pl.String)
        rows = pl.DataFrame(
            {
                Column.USER_ID: names.gather(np.repeat(user, taken)),
                Column.ITEM_ID: "i" + pl.Series("item", item.ravel()).cast(pl.String),
                Column.TIMESTAMP: pl.Series("time", time.ravel()).cast(pl.Datetime("us", "UTC")),
            }
        )
        features = pl.DataFrame(
            {
                Column.USER_ID: names,
                "segment": "s" + pl.Series("block", user % self.blocks).cast(pl.String),
                "age": random.uniform(18, 80, self.users).astype(np.float32),
            }
        )
        return RawLog(
            rows=rows.lazy(),
            schema={
                Column.USER_ID: pl.String(),
                Column.ITEM_ID: pl.String(),
                Column.TIMESTAMP: pl.Datetime("us", "UTC"),
            },
            roles=LogRoles(has_times=True, user_categories=("segment",), user_numbers=("age",), has_hours=True),
            files=(),
            visit="day",
            time_zone="UTC",
            kinds=None,
            non_product_items=None,
            user_features=features.lazy(),
            name="block_world",
        )
