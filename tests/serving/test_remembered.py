from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from flows.serving.app import create_app
from tasks.serving.filters import Filters
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.remembered import RememberedLists, key_of
from tasks.serving.served_model import Ranked, ServedModel
from tests.serving.models import shop
from tests.serving.services import service


def test_what_a_list_depends_on_is_in_its_key(red_shop: ServedModel) -> None:
    profiles = [
        Profile("anna", (ProfileEvent("item1"), ProfileEvent("item2"))),
        Profile("anna", (ProfileEvent("item2"), ProfileEvent("item1"))),
        Profile("anna", (ProfileEvent("item1"),)),
        Profile("bert", (ProfileEvent("item1"),)),
        Profile("anna", (ProfileEvent("item1", kind="purchase"),)),
        Profile("anna", (ProfileEvent("item1", 86_400_000_000),)),
        Profile("anna", (ProfileEvent("item1"),), {"segment": "s1"}),
        Profile("anna"),
        Profile(),
    ]
    keys = [key_of(red_shop.question(red_shop.encode(one).users, 5, Filters())) for one in profiles]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    users = red_shop.encode(profiles[0]).users
    assert key_of(red_shop.question(users, 6, Filters())) not in keys
    assert key_of(red_shop.question(red_shop.encode(profiles[0]).users, 5, Filters())) == keys[0]
    for question in (
        red_shop.question(users, 5, Filters(exclude_items=["item1"])),
        red_shop.question(users, 5, Filters(), diversity=0.5),
        red_shop.question(users, 101, Filters()),
        red_shop.order(users, [1, 2]),
    ):
        assert key_of(question) is None


def test_the_list_not_asked_for_longest_is_forgotten() -> None:
    lists = RememberedLists(2)
    for name in (b"one", b"two"):
        lists.keep((name,), Ranked([1], [0.5], ["real"]))
    assert lists.get((b"one",)) is not None
    lists.keep((b"three",), Ranked([2], [0.5], ["real"]))
    assert lists.get((b"two",)) is None
    assert lists.get((b"one",)) is not None
    assert len(lists) == 2
    assert lists.get(None) is None
    none = RememberedLists(0)
    none.keep((b"one",), Ranked([], [], []))
    assert len(none) == 0


@pytest.mark.parametrize("cached_lists", [0, 100])
def test_answers_are_the_same_with_and_without(tmp_path: Path, red_shop: ServedModel, cached_lists: int) -> None:
    behind = service(tmp_path, red_shop, cached_lists=cached_lists)
    body = {"user_id": "anna", "k": 5}
    with TestClient(create_app(behind)) as api:

        def ask() -> list[str]:
            return [item["item_id"] for item in api.post("/v1/recommend", json=body).json()["items"]]

        first = ask()
        assert ask() == first
        event = {"user_id": "anna", "item_id": first[0]}
        assert api.post("/v1/events", json={"events": [event]}).json()["accepted"] == 1
        after = ask()
        assert first[0] not in after
        assert len(behind.serving.lists) == min(cached_lists, 2)
        other = shop("coldcart-shop/2", seed=4)
        behind.swap(other)
        row = red_shop.encoder.rows[first[0]]
        now = behind.store.events("anna")[0].at
        expected = other.recommend(Profile("anna", (ProfileEvent(first[0], now),)), k=5)
        assert ask() == [other.catalogue.ids[one] for one in expected.rows]
        assert row not in np.array(expected.rows)
