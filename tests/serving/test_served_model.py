import random
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.wide.settings import WideSettings
from tasks.model_format import TimeReader
from tasks.model_format.requests import RequestReader
from tasks.serving.encoding import Quantiser, moment, user_hash
from tasks.serving.filters import Filters
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.served_model import Ranked, ServedModel
from tasks.splitting.ties import id_hashes
from tests.serving.models import COLOURS, items_of, shop
from tests.worlds import DAY


@pytest.fixture(scope="module")
def served() -> ServedModel:
    return shop()


def profile(user: str | None, *items: str, times: list[int] | None = None, **known: object) -> Profile:
    at: list[int | None] = list(times) if times else [None] * len(items)
    return Profile(user, tuple(ProfileEvent(item, when) for item, when in zip(items, at, strict=True)), **known)  # type: ignore[arg-type]


def test_answers_are_those_of_the_model(served: ServedModel) -> None:
    draw = random.Random(0)
    for number in range(40):
        count, user = draw.randrange(6), f"stranger {number}"
        items = [f"item{draw.randrange(70)}" for _ in range(count)]  # some are unknown
        times = [draw.randrange(90) * DAY for _ in range(count)] if number % 2 and count else None
        kinds = [draw.choice(["view", "purchase", "other"]) for _ in range(count)]
        segment = draw.choice([None, "s0", "s1", "never seen"])
        events = pl.DataFrame(
            {"user_id": [user] * count, "item_id": items, "kind": kinds}
            | ({"timestamp": [datetime.fromtimestamp(one // 1_000_000, UTC) for one in times]} if times else {}),
            schema_overrides={"user_id": pl.String, "item_id": pl.String, "kind": pl.String},
        )
        features = pl.DataFrame({"user_id": [user], "segment": [segment]}, schema_overrides={"segment": pl.String})
        expected = served.model.recommend(events, pl.DataFrame({"user_id": [user]}), features, k=7)
        at: list[int | None] = list(times) if times else [None] * count
        told = tuple(ProfileEvent(item, when, kind) for item, when, kind in zip(items, at, kinds, strict=True))
        found = served.recommend(Profile(user, told, {"segment": segment}), k=7)
        assert [served.catalogue.ids[row] for row in found.rows] == expected["item_id"].to_list()
        assert found.scores == expected["score"].to_list()
        assert found.evidence == expected["evidence"].to_list()


def test_large_catalogues_are_ranked_among_candidates_where_the_model_can(
    served: ServedModel, caplog: pytest.LogCaptureFixture
) -> None:
    known = profile("x", "item3", "item6")
    assert ServedModel(served.model, "shop", WideSettings(from_items=61)).wide is None
    with caplog.at_level("INFO"):
        cannot = ServedModel(served.model, "shop", WideSettings(from_items=60))
        assert cannot.recommend(known) == served.recommend(known)
    assert "shop: every item is scored for every user: generator cannot be told" in caplog.text
    hybrid = served.model.hybrid
    assert hybrid is not None
    gate = Gate(hybrid.gate.names[:5], hybrid.gate.few[:5], hybrid.gate.many[:5])
    model = replace(served.model, hybrid=Hybrid(hybrid.n_items, hybrid.sources[:5], gate))
    wide = ServedModel(model, "shop", WideSettings(from_items=60))
    assert wide.wide is not None
    for filters in (Filters(), Filters(exclude_items=("item9",)), Filters(allow_items=("item0", "item1"))):
        found, exact = (one.recommend(known, filters) for one in (wide, ServedModel(model, "shop")))
        assert (found.rows, found.evidence) == (exact.rows, exact.evidence)
        assert found.scores == pytest.approx(exact.scores, rel=1e-5)


def test_users_are_encoded_as_tables_are(served: ServedModel) -> None:
    times = [3 * DAY, 3 * DAY, 1 * DAY, 3 * DAY, 2 * DAY]
    items = ["item3", "item9", "item70", "item6", "item3"]
    frame = pl.DataFrame({"user_id": ["x"] * 5, "item_id": items, "timestamp": [t / 1e6 for t in times]})
    model = served.model
    reader = RequestReader(model.items, model.encoder, model.times, model.kinds, model.header.newest or 0)
    expected = reader.read(frame).users
    encoded = served.encode(profile("x", *items, times=times))
    for name in ("items", "times", "weights", "now", "ids"):
        np.testing.assert_array_equal(getattr(encoded.users, name), getattr(expected, name))
    assert encoded.unknown == ("item70",)


def test_a_list_does_not_depend_on_who_else_asks(served: ServedModel) -> None:
    profiles = [profile(f"p{n}", *[f"item{(7 * n + m) % 60}" for m in range(n % 5)]) for n in range(20)]
    questions = [
        served.question(
            served.encode(one).users, 3 + place % 9, Filters(exclude_items=["item1"] if place % 4 == 0 else [])
        )
        for place, one in enumerate(profiles)
    ]
    alone = [served.rank([question])[0] for question in questions]
    for one, other in zip(served.rank(questions), alone, strict=True):
        assert (one.rows, one.evidence) == (other.rows, other.evidence)
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)


def test_a_known_user_has_their_history(served: ServedModel) -> None:
    customers = served.model.customers
    assert customers is not None
    own = items_of(customers.users.select(np.array([4])))
    assert items_of(served.encode(profile("u4")).users) == own
    fresh = next(row for row in range(60) if row not in own)
    clicked = profile("u4", f"item{fresh}", f"item{own[0]}")
    assert items_of(served.encode(clicked).users) == [*own, fresh]
    assert not set(served.recommend(clicked, k=20).rows) & {*own, fresh}
    assert items_of(served.encode(profile("u4", customer=False)).users) == []


def test_filters(served: ServedModel) -> None:
    who = profile("x", "item0", "item3")
    first = served.recommend(who, k=4).rows
    without = served.recommend(who, Filters(exclude_items=[f"item{first[0]}", "unheard of"]), k=3).rows
    assert without == first[1:]
    sold_out = served.recommend(who, Filters(stock={f"item{first[1]}": 0, f"item{first[0]}": 5}), k=3).rows
    assert sold_out == [first[0], *first[2:]]
    green = served.recommend(who, Filters(allow_categories=["green"]), k=100)
    assert len(green.rows) == 20
    assert {row % 3 for row in green.rows} == {COLOURS.index("green")}
    both = served.recommend(who, Filters(allow_items=["item1", "item2", "item4"], allow_categories=["green"]), k=9)
    assert sorted(both.rows) == [1, 4]
    assert served.recommend(who, Filters(allow_items=[]), k=3) == Ranked([], [], [])


def test_rerank_orders_own_items_too(served: ServedModel) -> None:
    who = profile("x", "item0", "item3")
    listed = served.recommend(who, k=58)
    some = [listed.rows[place] for place in (40, 2, 17)]
    found = served.rerank(who, [*[f"item{row}" for row in some], "unheard of", "item0"])
    assert [row for row in found.rows if row != 0] == [some[1], some[2], some[0]]
    assert 0 in found.rows
    assert found.scores == sorted(found.scores, reverse=True)
    assert served.rerank(who, ["unheard of"]) == Ranked([], [], [])


def test_lists_end_where_items_do(served: ServedModel) -> None:
    assert len(served.recommend(profile("x", "item0"), k=1000).rows) == 59


def test_diverse_lists_hold_other_blocks(served: ServedModel) -> None:
    who = profile("x", "item0", "item3", "item6", features={"segment": "s0"})
    plain, diverse = served.recommend(who, k=6), served.recommend(who, k=6, diversity=0.7)
    assert plain.rows[0] == diverse.rows[0]
    assert len({row % 3 for row in diverse.rows}) > len({row % 3 for row in plain.rows})


def test_hashes_are_those_of_tables() -> None:
    for name in ("", "anna", "ü", "4711"):
        assert user_hash(name) == id_hashes(pl.Series([name]))[0]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Taipei", "Europe/London"])
@pytest.mark.parametrize("hours", [False, True])
def test_times_are_read_as_those_of_tables(zone: str, hours: bool) -> None:
    times = TimeReader(has_times=True, has_hours=hours, time_zone=zone)
    for text in (
        "2001-02-28T23:30:00", "2001-03-25T01:30:00", "2001-10-28T01:30:00", "2001-02-28T18:30:00+00:00",
        "2001-02-28T18:30:00-09:00", "2001-02-28",
    ):  # fmt: skip
        expected = times.read(pl.Series([text]))[0]
        assert Quantiser(times)(moment(datetime.fromisoformat(text), times)) == expected
