import datetime
from typing import Any

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tasks.domain import Column, EventLog, LogRoles
from tasks.errors import DataError
from tasks.ingestion.cleaning import CleaningRules
from tasks.ingestion.ingest import ingest
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.quality import QualityReport
from tasks.ingestion.raw import CANCELLATION, RawLog
from tests.ingestion.logs import DTYPES

ROLES = LogRoles(
    has_times=True,
    has_hours=True,
    has_cancellations=True,
    user_categories=("town",),
    item_categories=("shelf",),
)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
DAYS = [datetime.datetime(2024, 1, day, 12, tzinfo=datetime.UTC) for day in range(1, 7)]


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Dirty rows with few distinct values, so that everything collides."""
    one = st.fixed_dictionaries(
        {
            Column.USER_ID: st.sampled_from(["u1", "u2", "ü", "", None]),
            Column.ITEM_ID: st.sampled_from(["i1", "i2", "i3", "POST", None]),
            Column.TIMESTAMP: st.sampled_from([*DAYS, DAYS[0].replace(year=1900), None]),
            Column.QUANTITY: st.sampled_from([1.0, 2.0, 3.0, 0.0, -1.0, None]),
            Column.PRICE: st.sampled_from([1.0, 2.5, 0.0, None]),
            CANCELLATION: st.sampled_from([False, False, False, True]),
            "town": st.sampled_from(["a", "b", None]),
            "shelf": st.sampled_from(["s", "t", None]),
        }
    )
    return draw(st.lists(one, min_size=1, max_size=25))


def log_of(records: list[dict[str, Any]]) -> RawLog:
    types = {**DTYPES, "user_id": pl.String, "item_id": pl.String, "town": pl.String, "shelf": pl.String}
    frame = pl.DataFrame(records, schema={name: types[name] for name in records[0]})
    return RawLog(
        rows=frame.lazy(),
        schema=dict(frame.schema),
        roles=ROLES,
        files=(),
        visit="day",
        time_zone="UTC",
        kinds=None,
        non_product_items="^POST$",
        name="test",
    )


def clean(raw: RawLog) -> tuple[EventLog, QualityReport] | None:
    try:
        return ingest(raw, CleaningRules(), Privacy())
    except DataError as error:
        if "left none" not in str(error):
            raise
        return None


def as_raw(log: EventLog) -> RawLog:
    """A clean log as if a shop kept it so; cancelled purchases are left as purchases."""
    events = log.events
    shelf = log.item_attributes.unique("item", keep="first", maintain_order=True).select("item", "shelf")
    frame = pl.DataFrame(
        {
            Column.USER_ID: log.users[Column.USER_ID].gather(events["user"]),
            Column.ITEM_ID: log.items[Column.ITEM_ID].gather(events["item"]),
            Column.TIMESTAMP: events["time"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            Column.QUANTITY: events["quantity"],
            Column.PRICE: events["price"],
            CANCELLATION: pl.repeat(False, events.height, eager=True),
            "town": log.users["town"].gather(events["user"]),
            "shelf": events.select("item").join(shelf, on="item", how="left", maintain_order="left")["shelf"],
        }
    )
    return log_of(frame.to_dicts())


def assert_same(one: EventLog, other: EventLog) -> None:
    assert_frame_equal(one.events, other.events)
    assert_frame_equal(one.users, other.users)
    assert_frame_equal(one.items, other.items)
    assert_frame_equal(one.item_attributes, other.item_attributes)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(rows())
def test_every_row_is_accounted_for(records):
    result = clean(log_of(records))
    if result is not None:
        log, report = result
        assert report.rows_in == len(records)
        assert report.rows_out == log.events.height == report.rows_in - report.rows_dropped
        assert (report.users, report.items) == (log.users.height, log.items.height)


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(rows())
def test_a_clean_log_stays_as_it_is(records):
    result = clean(log_of(records))
    if result is not None:
        log, _ = result
        again = clean(as_raw(log))
        assert again is not None
        assert again[1].rows_dropped == 0
        assert_frame_equal(again[0].events.drop("cancelled_at"), log.events.drop("cancelled_at"))
        assert_frame_equal(again[0].users, log.users)
        assert_frame_equal(again[0].items, log.items)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(rows(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(records, random):
    shuffled = list(records)
    random.shuffle(shuffled)
    one, other = clean(log_of(records)), clean(log_of(shuffled))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert_same(one[0], other[0])
        assert one[1] == other[1]


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(rows())
def test_numbers_and_ids_are_one_to_one(records):
    result = clean(log_of(records))
    if result is None:
        return
    log, _ = result
    for numbers, ids, column in (("user", log.users, "user_id"), ("item", log.items, "item_id")):
        assert ids[column].is_unique().all()
        assert ids[column].is_sorted()
        assert np.array_equal(log.events[numbers].unique().sort().to_numpy(), np.arange(ids.height))
    kept = {
        (row[Column.USER_ID], row[Column.ITEM_ID], row[Column.TIMESTAMP])
        for row in records
        if row[CANCELLATION] is False and row[Column.QUANTITY] != -1
    }
    times = log.events["time"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    found = set(
        zip(
            log.users["user_id"].gather(log.events["user"]),
            log.items["item_id"].gather(log.events["item"]),
            times,
            strict=True,
        )
    )
    assert found <= kept
    assert log.events.select("user", "time").equals(log.events.select("user", "time").sort("user", "time"))
