import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from tasks.errors import ConfigError, DataError
from tasks.runs.home import REPOSITORY
from tasks.serving.settings import StateSettings
from tasks.serving.state import Forgotten, Recorded, StateStore, StoredEvent
from tests.ingestion import postgres


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'state.db'}"


def event(name: str, item: str, at: int) -> StoredEvent:
    return StoredEvent(name, item, at)


@pytest.fixture
def store(tmp_path: Path):
    opened = StateStore(url(tmp_path), events_per_user=3)
    yield opened
    opened.close()


def test_events_come_back_in_order_of_time(store: StateStore) -> None:
    late, early = event("b", "tea", 20), event("a", "cup", 10)
    assert store.record([("anna", late), ("anna", early), ("bert", late)]).result() == Recorded(3, 0, 0)
    assert store.events("anna") == (early, late)
    assert store.events("bert") == (late,)
    assert store.events("nobody") == ()


def test_an_event_counts_once_by_its_id(store: StateStore) -> None:
    first = event("a", "tea", 10)
    store.record([("anna", first)]).result()
    assert store.record([("anna", first), ("anna", event("a", "cup", 99))]).result() == Recorded(0, 2, 0)
    assert store.events("anna") == (first,)
    # Ids are those of a user: another one's event is another event.
    assert store.record([("bert", first)]).result().accepted == 1


def test_the_newest_are_kept(store: StateStore) -> None:
    store.record([("anna", event(str(at), "tea", at)) for at in (5, 4, 3)]).result()
    assert store.record([("anna", event("9", "tea", 9)), ("anna", event("1", "tea", 1))]).result() == Recorded(1, 0, 1)
    assert [one.at for one in store.events("anna")] == [4, 5, 9]


def test_it_survives_a_restart_with_or_without_the_cache(tmp_path: Path) -> None:
    store = StateStore(url(tmp_path))
    store.record([("anna", event("a", "tea", 10))]).result()
    store.close()
    for cached in (0, 10):
        again = StateStore(url(tmp_path), cached_users=cached)
        assert again.events("anna") == (event("a", "tea", 10),)
        assert (again.cached("anna") is None) is (cached == 0)
        again.close()


def test_strangers_are_known_as_such_without_a_query(tmp_path: Path) -> None:
    store = StateStore(url(tmp_path))
    assert store.cached("anna") == ()
    store.record([("anna", event("a", "tea", 10))]).result()
    assert store.cached("anna") == (event("a", "tea", 10),)
    store.close()
    again = StateStore(url(tmp_path))
    assert (again.cached("bert"), again.cached("anna")) == ((), None)  # anna was met, and has to be looked up
    again.close()
    shared = StateStore(url(tmp_path), cached_users=0)
    assert shared.cached("bert") is None  # another service may have met them since
    shared.close()


def test_forgetting_leaves_nothing_but_a_pseudonym(tmp_path: Path) -> None:
    store = StateStore(url(tmp_path))
    store.record([("anna", event("a", "tea", 10)), ("bert", event("a", "tea", 10))]).result()
    store.expose("p-anna", "recommend", "m/1", None, ["tea"]).result()
    store.expose("p-bert", "recommend", "m/1", "blue", ["tea"]).result()
    forgotten = store.forget("anna", "p-anna").result()
    assert (forgotten.events, forgotten.exposures) == (1, 1)
    assert store.events("anna") == ()
    assert store.users() == ["bert"]
    store.close()
    assert b"anna" not in (tmp_path / "state.db").read_bytes().replace(b"p-anna", b"")
    again = StateStore(url(tmp_path))
    assert again.is_forgotten("p-anna")
    assert not again.is_forgotten("p-bert")
    again.close()
    with create_engine(url(tmp_path)).connect() as connection:
        assert connection.execute(text("select pseudonym, arm, items from exposures")).all() == [
            ("p-bert", "blue", '["tea"]')
        ]


def test_what_came_while_users_were_read_is_not_lost(store: StateStore) -> None:
    for at in range(50):
        store.record([("anna", event(str(at), "tea", at))]).result()
        assert store.events("anna")[-1].at == at


def test_a_change_that_fails_takes_no_other_with_it(store: StateStore) -> None:
    good = store.record([("anna", event("a", "tea", 10))])
    bad = store.record([("anna", event("b", None, 10))])  # type: ignore[arg-type]
    more = store.record([("anna", event("c", "tea", 11))])
    assert (good.result().accepted, more.result().accepted) == (1, 1)
    assert bad.exception() is not None
    assert [one.event_id for one in store.events("anna")] == ["a", "c"]


EVENTS = st.lists(
    st.tuples(st.sampled_from("uv"), st.integers(0, 12)).map(
        # The content follows from the id, as with a sender that repeats itself.
        lambda drawn: (drawn[0], event(f"e{drawn[1]}", f"item{drawn[1] % 5}", drawn[1] % 4))
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, order=st.randoms(use_true_random=False), cut=st.integers(1, 7))
def test_any_order_of_delivery_gives_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, StoredEvent]], order: random.Random, cut: int
) -> None:
    expected = {
        user: tuple(sorted({one for name, one in events if name == user}, key=lambda one: (one.at, one.event_id))[-4:])
        for user in "uv"
    }
    store = StateStore(url(tmp_path_factory.mktemp("state")), events_per_user=4, cached_users=1)
    again = events + order.choices(events, k=len(events)) if events else []
    order.shuffle(again)
    for start in range(0, len(again), cut):
        store.record(again[start : start + cut])
    store.record([]).result()
    assert {user: store.events(user) for user in "uv"} == expected
    assert store.states("uv") == expected
    if again:
        assert store.record(again).result().accepted == 0
        assert store.states("uv") == expected
    store.close()


_WRITER = """
import sys
from tasks.serving.state import StateStore, StoredEvent
store = StateStore(sys.argv[1])
number = 0
while True:
    store.record([("anna", StoredEvent(str(number), "tea", number))]).result()
    print(number, flush=True)
    number += 1
"""


def test_what_was_confirmed_is_there_after_kill_9(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, url(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    confirmed = [int(writer.stdout.readline()) for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    confirmed += [int(line) for line in writer.stdout.read().splitlines()]
    writer.wait()
    store = StateStore(url(tmp_path), events_per_user=10_000)
    assert [one.at for one in store.events("anna")][: len(confirmed)] == confirmed
    store.close()


@pytest.mark.postgres
def test_the_state_lives_in_postgresql_all_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    with postgres.running(tmp_path_factory) as server:
        address = server.uri_with_password.replace("postgresql:", "postgresql+psycopg:")
        store = StateStore(address, events_per_user=3)
        late, early = event("b", "tea", 20), event("a", "cup", 10)
        assert store.record([("anna", late), ("anna", early), ("anna", late)]).result() == Recorded(2, 1, 0)
        assert store.record([("anna", early)]).result() == Recorded(0, 1, 0)
        assert store.record([("anna", event(str(at), "pen", at)) for at in (30, 5)]).result() == Recorded(1, 0, 1)
        assert store.expose("pseudonym", "recommend", "shop/1", None, ["tea"]).result() is None
        store.close()
        again = StateStore(address)
        assert [one.at for one in again.events("anna")] == [10, 20, 30]
        assert (again.users(), again.item_counts()) == (["anna"], {"tea": 1, "cup": 1, "pen": 1})
        assert again.forget("anna", "pseudonym").result() == Forgotten(3, 1)
        assert again.events("anna") == ()
        assert again.is_forgotten("pseudonym")
        again.close()


def test_an_address_that_cannot_be_used_is_named_without_its_password() -> None:
    with pytest.raises(DataError, match=r"state\.url") as caught:
        StateStore("postgresql+psycopg://me:secret-word@127.0.0.1:1/none")
    assert "secret-word" not in str(caught.value)
    with pytest.raises(ConfigError, match="COLDCART_STATE_URL"):
        StateSettings(url="postgresql+psycopg://me:secret-word@127.0.0.1/none")
