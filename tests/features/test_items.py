import dataclasses
import json

import numpy as np
import polars as pl
import pytest

from tasks.domain import EventLog, LogRoles
from tasks.errors import DataError
from tasks.features import FeatureSettings, ItemEncoder, TextSettings
from tasks.features.items import attributes_before, titles_before

ROLES = LogRoles(has_times=True, item_categories=("shelf",), item_numbers=("size",), item_text="title")
SETTINGS = FeatureSettings(rarest_category=1, text=TextSettings(dimensions=2, min_documents=1), scaling="min_max")
CATALOGUE = np.array([0, 2, 3], dtype=np.int32)


def log(late_title: str = "late words", late_price: float = 999.0) -> EventLog:
    """Four items; the cut is at 100, and what comes later must not be seen."""
    events = pl.DataFrame(
        {
            "user": [0, 0, 1, 1, 2, 2],
            "item": [0, 2, 0, 3, 0, 3],
            "weight": [1.0] * 6,
            "time": [10, 20, 30, 40, 150, 160],
            "visit": [0] * 6,
            "price": [1.0, 5.0, 3.0, None, late_price, late_price],
        },
        schema_overrides={
            "user": pl.Int32, "item": pl.Int32, "weight": pl.Float32, "time": pl.Int64, "visit": pl.Int64,
            "price": pl.Float32,
        },
    )  # fmt: skip
    attributes = pl.DataFrame(
        {
            "item": [0, 0, 1, 2, 3, 3],
            "shelf": ["x", "y", "x", "y", None, "late"],
            "size": [1.0, 9.0, 5.0, 3.0, None, 7.0],
            "title": ["red scarf", "renamed", "hidden", "blue scarf", None, late_title],
            "first_seen": [None, 50, None, 20, 40, 150],
        },
        schema_overrides={"item": pl.Int32, "first_seen": pl.Int64},
    )
    users = pl.DataFrame({"user_id": ["a", "b", "c"]})
    return EventLog(events, users, pl.DataFrame({"item_id": [10, 11, 12, 13]}), attributes, ROLES)


def test_values_are_the_first_ones_known_before_the_cut():
    known = attributes_before(log(), CATALOGUE, 100)
    assert known.get_column("item").to_list() == [0, 2, 3]
    assert known.get_column("shelf").to_list() == ["x", "y", None]
    assert known.get_column("title").to_list() == ["red scarf", "blue scarf", None]


def test_without_a_cut_later_values_fill_what_was_unknown():
    known = attributes_before(log(), CATALOGUE, None)
    assert known.get_column("title").to_list() == ["red scarf", "blue scarf", "late words"]


def test_features_of_the_catalogue():
    encoder, features = ItemEncoder.fit(log(), CATALOGUE, 100, SETTINGS)
    assert encoder.cardinalities == (3,)
    assert features.categories.tolist() == [[1], [2], [0]]
    prices = np.log1p([2.0, 5.0])
    assert features.numbers.dtype == np.float32
    assert features.numbers == pytest.approx(np.array([[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]]), abs=1e-6), (
        f"price of {prices} and size 1, 3 in 0 … 1, then what is missing"
    )
    assert features.text.shape == (3, 2)
    assert features.text[2].tolist() == [0, 0]
    assert features.text[0] @ features.text[1] > 0


def test_the_price_is_the_median_before_the_cut():
    encoder, _ = ItemEncoder.fit(log(), CATALOGUE, 100, FeatureSettings(log_price=False, scaling="min_max"))
    assert encoder.numbers.scaler.centre[0] == 2.0
    assert encoder.numbers.scaler.scale[0] == 3.0


def test_prices_count_for_warm_users_only():
    encoder, _ = ItemEncoder.fit(
        log(), CATALOGUE, None, FeatureSettings(log_price=False, scaling="min_max"), warm_users=np.array([0])
    )
    assert encoder.numbers.scaler.centre[0] == 1.0
    assert encoder.numbers.scaler.scale[0] == 4.0
    assert encoder.provenance.users == 1


def held_out(title: str = "strange words", shelf: str = "s") -> EventLog:
    """The same log for a split by user; user 2 is not warm, and describes items before anybody else."""
    attributes = pl.DataFrame(
        {
            "item": [0, 0, 2, 3, 3],
            "user": [2, 0, 0, 2, 1],
            "shelf": [shelf, "x", "y", shelf, None],
            "size": [7.0, 1.0, 3.0, 7.0, None],
            "title": [title, "red scarf", "blue scarf", title, None],
            "first_seen": [5, 10, 20, 30, 40],
        },
        schema_overrides={"item": pl.Int32, "user": pl.Int32, "first_seen": pl.Int64},
    )
    return dataclasses.replace(log(), item_attributes=attributes)


def test_words_of_held_out_users_are_not_seen():
    warm = np.array([0, 1])
    encoder, one = ItemEncoder.fit(held_out(), CATALOGUE, None, SETTINGS, warm_users=warm)
    again, other = ItemEncoder.fit(held_out("changed", "elsewhere"), CATALOGUE, None, SETTINGS, warm_users=warm)
    assert encoder.state()[0] == again.state()[0]
    for name in ("text", "categories", "numbers"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert titles_before(held_out(), CATALOGUE, None, warm).to_list() == ["red scarf", "blue scarf", None]
    assert encoder.provenance.users == 2


def test_the_record_names_everybody_whose_words_were_seen():
    prices_of_nobody = dataclasses.replace(held_out(), events=held_out().events.filter(pl.col("user") < 2))
    encoder, _ = ItemEncoder.fit(prices_of_nobody, CATALOGUE, None, SETTINGS)
    assert encoder.provenance.users == 3


def test_nothing_after_the_cut_is_seen():
    _, one = ItemEncoder.fit(log(), CATALOGUE, 100, SETTINGS)
    encoder, other = ItemEncoder.fit(log("something else", 0.01), CATALOGUE, 100, SETTINGS)
    for name in ("text", "categories", "numbers"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert encoder.provenance.users == 2
    assert encoder.provenance.newest == 50


def test_a_loaded_encoder_encodes_exactly_alike():
    encoder, features = ItemEncoder.fit(log(), CATALOGUE, 100, SETTINGS)
    state, arrays = encoder.state()
    again = ItemEncoder.from_state(json.loads(json.dumps(state)), arrays)
    frame = attributes_before(log(), CATALOGUE, 100).with_columns(price=pl.Series([2.0, 5.0, None]))
    assert again.transform(frame).numbers.tobytes() == features.numbers.tobytes()
    assert again.transform(frame).text.tobytes() == features.text.tobytes()
    assert again.provenance == encoder.provenance


def test_items_without_any_feature():
    bare = EventLog(
        log().events.drop("price"), log().users, log().items, log().item_attributes, LogRoles(has_times=True)
    )
    _, features = ItemEncoder.fit(bare, CATALOGUE, 100, SETTINGS)
    assert features.text.shape == features.categories.shape == features.numbers.shape == (3, 0)


def test_a_missing_column_is_named():
    broken = EventLog(log().events, log().users, log().items, log().item_attributes.drop("shelf"), ROLES)
    with pytest.raises(DataError, match="'shelf'"):
        ItemEncoder.fit(broken, CATALOGUE, 100, SETTINGS)


def test_titles_are_those_known_before_the_cut():
    titles = titles_before(log(), CATALOGUE, 100)
    assert titles is not None
    assert titles.to_list() == ["red scarf", "blue scarf", None]
    bare = dataclasses.replace(log(), roles=LogRoles(has_times=True))
    assert titles_before(bare, CATALOGUE, 100) is None
