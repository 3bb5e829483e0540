from datetime import UTC, date, datetime

import polars as pl
import pytest

from tasks.errors import DataError
from tasks.model_format import TimeReader

NOON = int(datetime(2001, 1, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000
MIDNIGHT = NOON - 12 * 3_600_000_000
HOURS = TimeReader(has_times=True, has_hours=True)


@pytest.mark.parametrize(
    "value",
    [
        "2001-01-02 12:00:00", "2001-01-02T12:00:00Z", "2001-01-02T13:00:00+01:00", "2001-01-02 12:00:00.000",
        "2001-01-02T12:00", NOON // 1_000_000, NOON // 1_000, NOON, str(NOON // 1_000_000), NOON / 1e6,
        datetime(2001, 1, 2, 12), datetime(2001, 1, 2, 12, tzinfo=UTC),
    ],
)  # fmt: skip
def test_ways_to_write_a_time(value):
    assert HOURS.read(pl.Series([value])).tolist() == [NOON]


def test_dates_are_midnights():
    assert HOURS.read(pl.Series([date(2001, 1, 2)])).tolist() == [MIDNIGHT]
    assert HOURS.read(pl.Series(["2001-01-02"])).tolist() == [MIDNIGHT]


def test_times_without_offset_are_those_of_the_shop():
    taipei = TimeReader(has_times=True, has_hours=True, time_zone="Asia/Taipei")
    assert taipei.read(pl.Series(["2001-01-02 20:00:00"])).tolist() == [NOON]
    assert taipei.read(pl.Series(["2001-01-02T12:00:00Z"])).tolist() == [NOON]


def test_the_hour_that_is_skipped_in_spring_is_read():
    berlin = TimeReader(has_times=True, has_hours=True, time_zone="Europe/Berlin")
    skipped, later = berlin.read(pl.Series(["2001-03-25 02:30:00", "2001-03-25 03:30:00"])).tolist()
    assert skipped == later


def test_a_log_of_plain_dates_reads_the_day_of_the_shop():
    taipei = TimeReader(has_times=True, has_hours=False, time_zone="Asia/Taipei")
    days = taipei.read(pl.Series(["2001-01-01T20:00:00Z", "2001-01-02T12:00:00Z"]))
    assert days.tolist() == [MIDNIGHT, MIDNIGHT]
    assert taipei.read(pl.Series([date(2001, 1, 2)])).tolist() == [MIDNIGHT]
    assert taipei.read(pl.Series(["2001-01-02 23:59:00"])).tolist() == [MIDNIGHT]


@pytest.mark.parametrize("values", [["2001-01-02", "soon"], ["2001-01-02", None], [1.0, None], [True]])
def test_what_is_no_time_is_named(values):
    with pytest.raises(DataError, match="timestamp"):
        HOURS.read(pl.Series(values))


def test_no_events_have_no_times():
    assert HOURS.read(pl.Series([], dtype=pl.String)).tolist() == []
    assert TimeReader(has_times=True).read(pl.Series([], dtype=pl.Datetime)).tolist() == []
