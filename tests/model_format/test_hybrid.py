"""A hybrid as a part of a model: it is what recommends, it comes back as it was, and it holds data only."""

import json

import numpy as np
import polars as pl
import pytest

from tasks.errors import ModelError
from tasks.hybrid import storage
from tasks.model_format import Model
from tasks.model_format.manifest import write_manifest
from tasks.model_format.requests import RequestReader
from tests.model_format.models import BLOCKS, OwnBlock, block_model, block_of, build, load_own_block

EVENTS = pl.DataFrame(
    {"user_id": ["ann", "bob", "ann", "bob", "ann"], "item_id": ["item1", "item2", "item4", "item5", "item7"]},
)
FEATURES = pl.DataFrame({"user_id": ["ann", "nobody"], "segment": ["s1", "s2"]})
USERS = pl.DataFrame({"user_id": ["nobody", "stranger"]})


def lists(model: Model, events: pl.DataFrame = EVENTS, users: pl.DataFrame | None = USERS) -> pl.DataFrame:
    return model.recommend(events, users, FEATURES, k=6)


def reload(folder):
    return Model.load(folder, build=build, load_generator=load_own_block)


def test_the_hybrid_is_what_recommends():
    model = block_model(hybrid=True)
    found = lists(model)
    assert not found.equals(lists(block_model(augmented=True)))
    by_user = {user: block_of(own["item_id"]) for (user,), own in found.group_by("user_id")}
    assert by_user["ann"] == [1] * 6
    assert by_user["bob"] == [2] * 6
    assert by_user["nobody"] == [2] * 6  # without an event, by the segment
    assert set(found.filter(pl.col("user_id") == "nobody")["evidence"]) == {"virtual"}
    assert len(by_user["stranger"]) == 6  # of whom nothing is known at all
    held = EVENTS.join(found, on=["user_id", "item_id"], how="inner")
    assert held.is_empty()


def test_lists_are_those_of_the_weighed_sum():
    model = block_model(hybrid=True)
    scores = np.zeros((1, len(model.items)), dtype=np.float32)
    users = RequestReader(model.items, model.encoder, model.times, model.kinds, model.header.newest).read(EVENTS).users
    ann = users.select(np.array([0]))
    weights = model.hybrid.gate.at(ann.shots)[0]
    for source, weight in zip(model.hybrid.sources, weights, strict=True):
        source.add(ann, np.array([weight]), scores)
    scores[0, ann.items] = -np.inf
    own = model.recommend(EVENTS, k=3).filter(pl.col("user_id") == "ann")
    places = [int(item.removeprefix("item")) for item in own["item_id"]]
    np.testing.assert_allclose(own["score"].to_numpy(), np.sort(scores[0])[::-1][:3], rtol=1e-5)
    np.testing.assert_allclose(scores[0, places], own["score"].to_numpy(), rtol=1e-5)


def test_a_loaded_hybrid_gives_identical_lists_and_saves_the_same_bytes(tmp_path):
    model = block_model(hybrid=True)
    model.save(tmp_path / "one")
    loaded = reload(tmp_path / "one")
    assert lists(loaded).equals(lists(model))
    np.testing.assert_array_equal(loaded.hybrid.gate.few, model.hybrid.gate.few)
    np.testing.assert_array_equal(loaded.hybrid.gate.many, model.hybrid.gate.many)
    loaded.save(tmp_path / "two")
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path


def test_what_several_scores_share_stands_there_once(tmp_path):
    block_model(hybrid=True).save(tmp_path / "model")
    folder = tmp_path / "model" / "hybrid"
    assert {path.name for path in folder.iterdir()} == {
        "hybrid.json", "arrays.npz", "segment_popularity", "item_knn_cosine",
    }  # fmt: skip
    assert not {path.suffix for path in folder.rglob("*") if path.is_file()} - {".json", ".npz"}
    hybrid = reload(tmp_path / "model").hybrid
    by_name = {source.name: source for source in hybrid.sources}
    assert by_name["item_knn_again"].fitted is by_name["item_knn_cosine"].fitted
    assert by_name["user_knn_cosine_virtual"].fitted is by_name["user_knn_cosine"].fitted


@pytest.mark.parametrize("fewer", [["ann"], ["bob"], ["nobody"], ["stranger", "ann"]])
def test_a_list_does_not_depend_on_who_else_asks(fewer):
    model = block_model(hybrid=True)
    events = EVENTS.filter(pl.col("user_id").is_in(fewer))
    users = USERS.filter(pl.col("user_id").is_in(fewer))
    alone = lists(model, events, users)
    assert (
        lists(model)
        .filter(pl.col("user_id").is_in(fewer))
        .sort("user_id", "rank")
        .equals(alone.sort("user_id", "rank"))
    )


def test_more_events_than_training_showed():
    own = pl.DataFrame({"user_id": ["ann"] * 18, "item_id": [f"item{3 * place + 1}" for place in range(18)]})
    found = lists(block_model(hybrid=True), own, None)
    assert set(block_of(found["item_id"])[:2]) == {1}  # the last two of the block
    assert BLOCKS == 3


def test_another_generator_is_refused(tmp_path):
    model = block_model(hybrid=True)
    other = storage.Surroundings({}, OwnBlock(), None)
    with pytest.raises(ValueError, match="generator draws from another generator"):
        storage.save(model.hybrid, tmp_path / "hybrid", other)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "code"}, "'code'"),
        ({"fields": {"fitted": {"recommender": "../recommender"}}}, "outside the folder"),
        ({"fields": {"fitted": {"model": "nothing"}}}, "nothing"),
        ({"fields": {"name": {"import": "os.system"}}}, "'import'"),
    ],
)
def test_a_damaged_hybrid_is_named(tmp_path, change, reason):
    block_model(hybrid=True).save(tmp_path / "model")
    path = tmp_path / "model" / "hybrid" / "hybrid.json"
    content = json.loads(path.read_text())
    segment = content["weighed"][1]
    fields = {**segment["fields"], **change.pop("fields", {})}
    content["weighed"][1] = {**segment, **change, "fields": fields}
    path.write_text(json.dumps(content))
    write_manifest(tmp_path / "model")
    with pytest.raises(ModelError, match=r"hybrid\.json: expected a saved hybrid") as raised:
        reload(tmp_path / "model")
    assert reason in str(raised.value)
