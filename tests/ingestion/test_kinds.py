"""Kinds of events: which count, how much, which are asked for, and what is said of the others."""

import datetime
import logging
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tasks.config import load_config
from tasks.domain import EventLog
from tasks.errors import DataError
from tasks.ingestion.cleaning import CleaningRules
from tasks.ingestion.ingest import ingest
from tasks.ingestion.kinds import KindRules
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.quality import QualityReport
from tests.ingestion.logs import UTC, at, raw_log

SHOP = KindRules({"view": 0.1, "cart": 0.5, "purchase": 1.0, "hover": 0.0})


def clean(columns: dict[str, Any], kinds: KindRules | None = SHOP) -> tuple[EventLog, QualityReport]:
    return ingest(raw_log(columns, kinds=kinds), CleaningRules(), Privacy())


def log_of(rows: list[tuple[Any, ...]], kinds: KindRules | None = SHOP) -> tuple[EventLog, QualityReport]:
    """Rows of user, item, day, kind and, perhaps, quantity."""
    names = ("user_id", "item_id", "timestamp", "kind", "quantity")
    columns: dict[str, Any] = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=False)}
    return clean({**columns, "timestamp": [at(day) for day in columns["timestamp"]]}, kinds)


def told(report: QualityReport) -> dict[str, int]:
    return {rule.rule: rule.dropped for rule in report.rules if rule.dropped}


def test_by_default_the_heaviest_kinds_are_asked_for() -> None:
    assert SHOP.targets == ("purchase",)
    assert KindRules({"rent": 1, "view": 0.2, "buy": 1}).targets == ("rent", "buy")
    assert KindRules({"view": 0.1, "cart": 0.5, "purchase": 1}, ("cart", "purchase")).targets == ("cart", "purchase")


def test_weight_0_leaves_out_and_is_counted() -> None:
    log, report = log_of([("u", "a", 1, "view"), ("u", "b", 1, "hover"), ("u", "a", 2, "purchase")])
    assert log.kinds == ("view", "cart", "purchase")
    assert log.items["item_id"].to_list() == ["a"]
    assert [
        (log.kinds[kind], round(weight, 6)) for kind, weight in log.events.select("kind", "weight").iter_rows()
    ] == [
        ("view", 0.1),
        ("purchase", 1.0),
    ]
    assert told(report) == {"left_out_kind": 1}


UNKNOWN = [("u", "a", 1, "purchase"), ("u", "a", 1, "stare"), ("v", "a", 1, "stare"), ("u", "b", 2, None)]


def test_unknown_kinds_are_one_error_that_names_them() -> None:
    with pytest.raises(DataError) as error:
        log_of(UNKNOWN)
    said = str(error.value)
    assert "found 'stare' (2), '(none)' (1)" in said
    assert "Give each a weight in dataset.kinds (0 leaves it out), or set dataset.unknown_kinds=ignore" in said
    assert "\n" not in said


def test_many_unknown_kinds_are_not_all_named() -> None:
    with pytest.raises(DataError, match=r"'k00' \(1\), .*'k09' \(1\) and 15 more"):
        log_of([("u", "a", 1, f"k{number:02}") for number in range(25)])


def test_unknown_kinds_can_be_ignored() -> None:
    log, report = log_of(UNKNOWN, KindRules(SHOP.weights, unknown="ignore"))
    assert log.events.height == 1
    assert told(report) == {"unknown_kind": 3}


def test_an_unknown_kind_in_a_row_that_is_dropped_anyway_is_no_error() -> None:
    log, report = log_of([("u", "a", 1, "purchase"), (None, "a", 1, "stare")])
    assert log.events.height == 1
    assert told(report) == {"missing_user": 1}


def test_without_any_event_that_is_asked_for_there_is_nothing_to_learn(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DataError, match=r"no event is of a kind that is asked for \(purchase\).*target_kinds"):
        log_of([("u", "a", 1, "view")])
    with caplog.at_level(logging.WARNING):
        log_of([("u", "a", 1, "purchase")])
    assert "no event is of the kind 'cart'" in caplog.text


RETURNS = [
    pytest.param([("u", "a", 1, "purchase", 1), ("u", "a", 2, "view", None), ("u", "a", 3, "refund", -1)], [3, None]),
    pytest.param([("u", "a", 1, "purchase", 1), ("u", "a", 2, "view", None), ("u", "a", 3, None, -1)], [3, None]),
    pytest.param([("u", "a", 1, "purchase", 1), ("u", "a", 2, "cart", 1), ("u", "a", 3, "cart", -1)], [None, 3]),
    pytest.param([("u", "a", 1, "cart", 1), ("u", "a", 2, "view", None), ("u", "a", 3, "purchase", -1)], [None, None]),
]


@pytest.mark.parametrize(("rows", "expected"), RETURNS)
def test_a_return_undoes_a_purchase_and_not_the_latest_view(rows: list[tuple[Any, ...]], expected: list[Any]) -> None:
    rows.append(("w", "b", 1, "purchase", 1))
    log, _ = log_of(rows)
    when = log.events.filter(pl.col("user") == 0)["cancelled_at"].to_list()
    assert when == [None if day is None else int(at(day).timestamp() * 1e6) for day in expected]


def test_weights_may_be_set_on_the_command_line() -> None:
    kinds = ["dataset.columns.kind=event_type", "dataset.kinds={1: 0.1, cart: 0.5, place order: 1}"]
    config = load_config(
        ["dataset=file", *kinds, "dataset.target_kinds=[cart,place order]", "dataset.unknown_kinds=ignore"]
    )
    rules = config.dataset.mapping().kinds
    assert rules == KindRules({"1": 0.1, "cart": 0.5, "place order": 1.0}, ("cart", "place order"), "ignore")


kinds_of_rows = st.sampled_from(["view", "cart", "purchase", "hover"])
days = st.integers(1, 5).map(lambda day: datetime.datetime(2024, 1, day, 12, tzinfo=UTC))
one = st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), days, kinds_of_rows, st.sampled_from([1.0, 2.0, -1.0]))
rows_of_a_log = st.lists(one, min_size=1, max_size=20).map(
    lambda rows: [*rows, ("z", "z", datetime.datetime(2024, 1, 1, tzinfo=UTC), "purchase", 1.0)]
)


def cleaned(rows: list[tuple[Any, ...]], kinds: KindRules | None = SHOP) -> EventLog:
    names = ("user_id", "item_id", "timestamp", "kind", "quantity")
    return clean(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)), kinds)[0]


def assert_same(one: EventLog, other: EventLog) -> None:
    assert_frame_equal(one.events, other.events)
    assert_frame_equal(one.users, other.users)
    assert_frame_equal(one.items, other.items)
    assert one.target_kinds == other.target_kinds


@settings(max_examples=60, deadline=None)
@given(rows_of_a_log, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[Any, ...]], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert_same(cleaned(rows), cleaned(shuffled))


@settings(max_examples=60, deadline=None)
@given(rows_of_a_log)
def test_weight_0_is_as_if_the_rows_were_not_there(rows: list[tuple[Any, ...]]) -> None:
    kept = [row for row in rows if row[3] != "hover" or row[4] < 0]
    assert_same(cleaned(rows), cleaned(kept))


@settings(max_examples=60, deadline=None)
@given(rows_of_a_log)
def test_weights_of_1_are_as_none(rows: list[tuple[Any, ...]]) -> None:
    alike = cleaned(rows, KindRules(dict.fromkeys(["cart", "hover", "purchase", "view"], 1.0)))
    plain = cleaned(rows, None)
    assert_frame_equal(alike.events.drop("kind"), plain.events.drop("kind"))
    assert alike.asked_for().all()
