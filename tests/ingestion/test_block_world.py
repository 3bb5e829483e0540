from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tasks.ingestion.raw import DatasetSource
from tasks.ingestion.sources.block_world import BlockWorld


def number(column: str) -> pl.Expr:
    return pl.col(column).str.slice(1).cast(pl.Int64)


def test_users_stay_in_their_block(tmp_path: Path) -> None:
    source: DatasetSource = BlockWorld(users=90, blocks=3)
    log = source.load(tmp_path)
    rows = log.rows.collect()
    assert dict(rows.schema) == dict(log.schema)
    assert len(rows) == 90 * 3 * 4
    assert rows.select((number("user_id") % 3 == number("item_id") % 3).all()).item()
    assert rows.select("user_id", "item_id").is_unique().all()
    assert log.user_features is not None
    features = log.user_features.collect()
    assert features.select((pl.col("segment").str.slice(1).cast(pl.Int64) == number("user_id") % 3).all()).item()


def test_visits_are_days_and_new_users_keep_coming(tmp_path: Path) -> None:
    rows = BlockWorld().load(tmp_path).rows.collect()
    days = rows.group_by("user_id").agg(pl.col("timestamp").dt.date().n_unique())
    assert (days["timestamp"] == 3).all()
    first = rows.group_by("user_id").agg(pl.col("timestamp").min())["timestamp"].sort()
    first_cut, second_cut = first.quantile(0.5), first.quantile(0.72)
    later = rows.join(rows.group_by("user_id").agg(first=pl.col("timestamp").min()), on="user_id")
    later = later.filter(pl.col("timestamp").dt.date() > pl.col("first").dt.date())
    validation = later.filter((pl.col("first") >= first_cut) & (pl.col("first") < second_cut))
    assert validation.filter(pl.col("timestamp") < second_cut)["user_id"].n_unique() >= 60
    assert later.filter(pl.col("first") >= second_cut)["user_id"].n_unique() >= 60


def test_the_seed_makes_the_world(tmp_path: Path) -> None:
    assert_frame_equal(BlockWorld(seed=1).load(tmp_path).rows, BlockWorld(seed=1).load(tmp_path).rows)
    assert not BlockWorld(seed=1).load(tmp_path).rows.collect().equals(BlockWorld(seed=2).load(tmp_path).rows.collect())


@pytest.mark.parametrize(("setting", "value"), [("users", 9), ("days", 1), ("basket", 7), ("blocks", 0), ("visits", 0)])
def test_impossible_worlds(setting: str, value: int) -> None:
    with pytest.raises(ValueError, match=setting):
        BlockWorld(**{setting: value})  # type: ignore[arg-type]
