import json
import logging

import numpy as np
import polars as pl
import pytest

from tasks.errors import DataError, ModelError
from tasks.model_format import Model
from tasks.model_format.manifest import write_manifest
from tests.model_format.models import BLOCKS, ITEMS, block_model, block_of, build, load_own_block

EVENTS = pl.DataFrame(
    {"user_id": ["ann", "bob", "ann", "bob"], "item_id": ["item1", "item2", "item4", "item5"]},
)


def lists(model: Model, events: pl.DataFrame, **named) -> pl.DataFrame:
    return model.recommend(events, **{"k": 4, **named})


def files_of(folder) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_lists_have_k_rows_in_the_users_block_without_the_support():
    result = lists(block_model(), EVENTS)
    assert result.schema == {
        "user_id": pl.String, "rank": pl.Int32, "item_id": pl.String, "score": pl.Float32, "evidence": pl.String,
    }  # fmt: skip
    assert result.get_column("user_id").to_list() == ["ann"] * 4 + ["bob"] * 4
    assert result.get_column("rank").to_list() == [1, 2, 3, 4] * 2
    assert block_of(result.get_column("item_id")) == [1] * 4 + [2] * 4
    assert not set(result.get_column("item_id")) & {"item1", "item2", "item4", "item5"}
    assert set(result.get_column("evidence")) == {"real"}
    for _, own in result.group_by("user_id"):
        assert own.get_column("score").to_list() == sorted(own.get_column("score"), reverse=True)
        assert own.get_column("item_id").n_unique() == 4


def test_users_come_in_order_of_first_appearance_and_zero_shots_get_popularity():
    users = pl.DataFrame({"user_id": ["zoe", "ann", "carl"]})
    result = lists(block_model(), EVENTS, users=users)
    assert result.get_column("user_id").unique(maintain_order=True).to_list() == ["ann", "bob", "zoe", "carl"]
    zero = result.filter(pl.col("user_id").is_in(["zoe", "carl"]))
    assert zero.height == 8
    assert set(zero.get_column("evidence")) == {"popularity"}


def test_no_events_at_all_but_users():
    nothing = EVENTS.clear()
    result = lists(block_model(), nothing, users=pl.DataFrame({"user_id": [7]}))
    assert result.get_column("user_id").to_list() == [7] * 4
    with pytest.raises(DataError, match="no user at all"):
        lists(block_model(), nothing)


def test_side_features_carry_virtual_behaviour_at_zero_shots():
    model = block_model(augmented=True)
    users = pl.DataFrame({"user_id": [1, 2, 3]})
    features = pl.DataFrame({"user_id": ["1", "2"], "segment": ["s0", "s2"]})
    result = lists(model, EVENTS.clear(), users=users, user_features=features)
    assert block_of(result.get_column("item_id"))[:8] == [0] * 4 + [2] * 4
    assert set(result.head(8).get_column("evidence")) == {"virtual"}


def test_unknown_items_are_ignored_and_counted(caplog):
    more = pl.concat([EVENTS, pl.DataFrame({"user_id": ["ann", "dora", "bob"], "item_id": ["new", "new", None]})])
    with caplog.at_level(logging.WARNING):
        result = lists(block_model(), more)
    assert "3 of 7 events" in caplog.text
    assert result.head(8).equals(lists(block_model(), EVENTS))
    assert result.get_column("user_id").to_list()[8:] == ["dora"] * 4


def test_duplicates_collapse_to_the_first_touch():
    twice = pl.concat([EVENTS, EVENTS.head(1)])
    assert lists(block_model(), twice).equals(lists(block_model(), EVENTS))


def test_order_of_rows_does_not_matter_where_there_are_times():
    timed = EVENTS.with_columns(timestamp=pl.Series(["2001-01-02", "2001-01-01", "2001-01-02", "2001-01-03"]))
    result, again = lists(block_model(), timed), lists(block_model(), timed.reverse())
    assert result.sort("user_id", "rank").equals(again.sort("user_id", "rank"))


def test_a_list_does_not_depend_on_who_else_asks():
    model = block_model(augmented=True)
    alone = lists(model, EVENTS.filter(pl.col("user_id") == "bob"))
    assert lists(model, EVENTS).filter(pl.col("user_id") == "bob").equals(alone)


def test_ids_match_as_numbers_and_as_text():
    numbered = block_model(item_ids=pl.Series(np.arange(100, 100 + ITEMS)))
    events = pl.DataFrame({"user_id": [5, 5], "item_id": [101, 104]})
    as_text = events.with_columns(pl.all().cast(pl.String))
    result, from_text = lists(numbered, events), lists(numbered, as_text)
    assert result.schema["user_id"] == pl.Int64
    assert result.schema["item_id"] == pl.Int64
    assert result.with_columns(pl.col("user_id").cast(pl.String)).equals(from_text)


def test_users_of_both_tables_meet_whatever_their_type():
    events = pl.DataFrame({"user_id": [5], "item_id": ["item1"]})
    result = lists(block_model(), events, users=pl.DataFrame({"user_id": ["5", "6"]}))
    assert result.get_column("user_id").to_list() == ["5"] * 4 + ["6"] * 4


def test_k_may_take_all_that_is_left_and_no_more():
    result = lists(block_model(), EVENTS, k=ITEMS - 2)
    assert result.height == 2 * (ITEMS - 2)
    assert result.get_column("item_id").null_count() == 0
    with pytest.raises(DataError, match=f"k={ITEMS - 1} .*58 are new to user 'ann'"):
        lists(block_model(), EVENTS, k=ITEMS - 1)
    with pytest.raises(DataError, match="k must be at least 1"):
        lists(block_model(), EVENTS, k=0)


@pytest.mark.parametrize(("column", "table"), [("user_id", "events"), ("item_id", "events")])
def test_a_missing_column_is_named(column, table):
    with pytest.raises(DataError, match=f"{table}: expected a column '{column}'"):
        lists(block_model(), EVENTS.drop(column))


def test_rows_without_a_user_are_counted(caplog):
    lost = pl.concat([EVENTS, pl.DataFrame({"user_id": [None, ""], "item_id": ["item1", "item1"]})])
    with caplog.at_level(logging.WARNING):
        assert lists(block_model(), lost).equals(lists(block_model(), EVENTS))
    assert "2 rows have no user_id" in caplog.text


@pytest.mark.parametrize("augmented", [False, True])
def test_a_loaded_model_recommends_the_same_and_saves_the_same_bytes(tmp_path, augmented):
    model = block_model(augmented=augmented)
    model.save(tmp_path / "one")
    loaded = Model.load(tmp_path / "one", build=build, load_generator=load_own_block)
    assert loaded.header == model.header
    features = pl.DataFrame({"user_id": ["ann"], "segment": ["s1"]})
    assert lists(loaded, EVENTS, user_features=features).equals(lists(model, EVENTS, user_features=features))
    loaded.save(tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_a_model_of_the_first_version_is_read(tmp_path):
    model = block_model(augmented=True)
    model.save(tmp_path / "model")
    header, parts = (tmp_path / "model" / name for name in ("format.json", "parts.json"))
    header.write_text(json.dumps({**json.loads(header.read_text()), "version": 1}))
    parts.write_text(
        json.dumps({name: there for name, there in json.loads(parts.read_text()).items() if name != "hybrid"})
    )
    write_manifest(tmp_path / "model")
    loaded = Model.load(tmp_path / "model", build=build, load_generator=load_own_block)
    assert lists(loaded, EVENTS).equals(lists(model, EVENTS))


def test_a_model_without_times(tmp_path):
    model = block_model(has_times=False)
    model.save(tmp_path / "model")
    loaded = Model.load(tmp_path / "model", build=build, load_generator=load_own_block)
    assert lists(loaded, EVENTS).equals(lists(model, EVENTS))


@pytest.mark.parametrize(("key", "value"), [("version", 3), ("format", "other"), ("version", None)])
def test_an_unknown_format_is_refused(tmp_path, key, value):
    block_model().save(tmp_path / "model")
    path = tmp_path / "model" / "format.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    write_manifest(tmp_path / "model")
    with pytest.raises(ModelError, match=f"{key} is {value!r}"):
        Model.load(tmp_path / "model", build=build, load_generator=load_own_block)


def test_a_changed_or_missing_part_is_named(tmp_path):
    block_model(augmented=True).save(tmp_path / "model")
    path = tmp_path / "model" / "recommender" / "arrays.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"recommender/arrays\.npz was changed"):
        Model.load(tmp_path / "model", build=build, load_generator=load_own_block)


def test_a_header_with_a_surplus_key_is_refused(tmp_path):
    block_model().save(tmp_path / "model")
    path = tmp_path / "model" / "format.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "_target_": "os.system"}))
    write_manifest(tmp_path / "model")
    with pytest.raises(ModelError, match="damaged header"):
        Model.load(tmp_path / "model", build=build, load_generator=load_own_block)


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_folder_without_a_model_is_named(tmp_path, name):
    with pytest.raises(ModelError, match="model/ folder of a run"):
        Model.load(tmp_path / name, build=build, load_generator=load_own_block)


def test_an_existing_model_is_kept(tmp_path):
    block_model().save(tmp_path / "model")
    with pytest.raises(ModelError, match="exists already"):
        block_model().save(tmp_path / "model")


def test_parts_share_one_catalogue():
    with pytest.raises(ValueError, match="the recommender knows 60 items, the vocabulary 3"):
        block_model(item_ids=pl.Series([1, 2, 3]))
    assert len(block_model().items) == ITEMS
    assert ITEMS % BLOCKS == 0
