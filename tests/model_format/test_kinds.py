"""Events of a request weigh what events of their kind weighed in training."""

import logging
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tasks.domain import LogRoles
from tasks.errors import DataError
from tasks.features import FeatureSettings, UserEncoder
from tasks.model_format import EventKinds, ItemVocabulary, TimeReader
from tasks.model_format.kinds import usual_weight
from tasks.model_format.requests import Request, RequestReader
from tests.model_format.models import block_model

KINDS = EventKinds({"view": 1.0, "cart": 2.5, "purchase": 8.0}, usual=2.5)
EVENTS = pl.DataFrame(
    {
        "user_id": ["ann", "ann", "ann", "bob", "ann"],
        "item_id": ["b", "a", "b", "a", "a"],
        "timestamp": [5, 1, 2, 3, 4],
        "kind": ["view", "cart", "purchase", "stare", "view"],
    }
)


def read(events: pl.DataFrame, kinds: EventKinds = KINDS) -> Request:
    items = ItemVocabulary(pl.Series(["a", "b"]))
    encoder = UserEncoder.fit(pl.DataFrame({"user_id": ["x"]}), LogRoles(has_times=True), FeatureSettings())
    return RequestReader(items, encoder, TimeReader(has_times=True, has_hours=True), kinds, now=9).read(events)


def test_an_item_counts_once_first_touched_and_with_its_heaviest_event() -> None:
    users = read(EVENTS).users
    assert users.items.tolist() == [0, 1]
    assert users.times.tolist() == [1_000_000, 2_000_000]
    assert users.weights.tolist() == [2.5, 8.0]


def test_unknown_kinds_may_be_ignored_and_counted_and_their_users_stay(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        request = read(EVENTS.vstack(EVENTS.tail(1).with_columns(kind=pl.lit(None, dtype=pl.String))))
    assert "1 of 6 events are of a kind" in caplog.text
    assert request.user_ids.to_list() == ["ann", "bob"]
    assert request.users.shots.tolist() == [2, 0]
    assert request.users.now.tolist() == [1_000_000, 9]


def test_unknown_kinds_are_refused_by_name() -> None:
    strict = replace(KINDS, unknown="error")
    with pytest.raises(
        DataError, match=r"knows \(view, cart, purchase\), found 'stare' in 1 of 5 events.*unknown_kinds"
    ):
        read(EVENTS, strict)
    assert read(EVENTS.filter(pl.col("kind") != "stare"), strict).users.shots.tolist() == [2]
    assert strict.problem("stare") == (
        "expected one of the kinds of events that the model knows (view, cart, purchase), got 'stare'"
    )
    assert [strict.problem(kind) for kind in ("view", None)] == [None, None]
    assert EventKinds(unknown="error").problem("stare") is None  # without kinds there is nothing to know


def test_a_kind_of_weight_0_is_known_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        request = read(EVENTS, EventKinds({**(KINDS.weights or {}), "stare": 0.0}, 2.5, "error"))
    assert request.users.shots.tolist() == [2, 0]
    assert caplog.text == ""


def test_an_event_of_no_kind_weighs_the_usual() -> None:
    events = EVENTS.with_columns(kind=pl.lit(None, dtype=pl.String))
    assert read(events).users.weights.tolist() == read(EVENTS.drop("kind")).users.weights.tolist()
    assert KINDS.weight(None) == KINDS.usual


def test_models_from_before_are_read_as_they_were_made() -> None:
    assert EventKinds(**{"weights": {"view": 1.0}, "usual": 1.0}).unknown == "ignore"


def test_without_kinds_events_weigh_the_usual() -> None:
    assert read(EVENTS.drop("kind")).users.weights.tolist() == [2.5, 2.5, 2.5]
    assert read(EVENTS, EventKinds()).users.weights.tolist() == [1.0, 1.0, 1.0]


def test_the_usual_weight_is_the_most_common() -> None:
    assert usual_weight(np.array([1, 8, 2.5, 8], dtype=np.float32)) == 8.0
    assert usual_weight(np.zeros(0, dtype=np.float32)) == 1.0


def test_the_kind_of_an_event_changes_the_scores() -> None:
    events = pl.DataFrame({"user_id": ["ann"] * 2, "item_id": ["item1", "item2"], "kind": ["purchase", "view"]})
    bought = block_model().recommend(events, k=4)
    turned = block_model().recommend(events.with_columns(pl.col("kind").reverse()), k=4)
    assert set(bought.get_column("item_id")) != set(turned.get_column("item_id"))
