import datetime

import polars as pl
import pytest

from tasks.errors import DataError
from tasks.ingestion.times import read_times

UTC = datetime.UTC
TEN = datetime.datetime(2024, 3, 1, 10, tzinfo=UTC)


def read(values: list, time_format: str = "auto", time_zone: str = "UTC", dtype=None) -> tuple[list, bool]:
    frame = pl.LazyFrame({"when": pl.Series(values, dtype=dtype)})
    expression, has_hours = read_times(frame, "when", time_format, time_zone, "log.csv")
    return frame.select(expression).collect().to_series().to_list(), has_hours


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01 10:00",
        "2024-03-01T10:00:00",
        " 2024-03-01 10:00:00.000 ",
        "2024-03-01T10:00:00Z",
        "2024-03-01 11:00:00+01:00",
        "2024-03-01T05:30:00.0-0430",
        "1709287200",
        "1709287200000",
        "1709287200000000",
        "1709287200000000000",
    ],
)
def test_text_is_understood(text):
    assert read([text, None]) == ([TEN, None], True)


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_numbers_are_told_by_their_size(factor):
    assert read([1709287200 * factor, None]) == ([TEN, None], True)


def test_days():
    assert read(["2024-03-01", "2024-03-02"]) == ([datetime.date(2024, 3, 1), datetime.date(2024, 3, 2)], False)
    assert read([datetime.date(2024, 3, 1)]) == ([datetime.date(2024, 3, 1)], False)
    assert read(["1.3.2024"], "%d.%m.%Y") == ([datetime.date(2024, 3, 1)], False)


def test_mixed_days_and_times():
    assert read(["2024-03-01 10:00", "2024-03-01"])[0] == [TEN, TEN.replace(hour=0)]


def test_wall_clocks_stand_in_their_zone():
    assert read(["2024-03-01 18:00"], time_zone="Asia/Taipei") == ([TEN], True)
    assert read([datetime.datetime(2024, 3, 1, 18)], time_zone="Asia/Taipei") == ([TEN], True)
    aware = pl.Datetime("ms", "Asia/Taipei")
    assert read([TEN], time_zone="Europe/London", dtype=aware) == ([TEN], True)
    # 02:30 did not exist in Berlin on the last Sunday of March
    assert read(["2024-03-31 02:30", "2024-03-01 11:00"], time_zone="Europe/Berlin") == ([None, TEN], True)


def test_a_format_of_ones_own():
    assert read(["1/3/2024 10h00"], "%d/%m/%Y %Hh%M") == ([TEN], True)
    assert read(["01.03.2024 12:00 +0200"], "%d.%m.%Y %H:%M %z") == ([TEN], True)


def test_units_can_be_said():
    assert read([3_600], "ms")[0] == [datetime.datetime(1970, 1, 1, 0, 0, 3, 600_000, tzinfo=UTC)]
    assert read(["3600"], "s")[0] == [datetime.datetime(1970, 1, 1, 1, tzinfo=UTC)]
    assert read([1709287200.5], "s")[0] == [TEN.replace(microsecond=500_000)]


def test_single_values_that_cannot_be_read_are_unknown():
    assert read(["2024-03-01 10:00", "2024-03-01 10:00", "n/a"])[0] == [TEN, TEN, None]


def test_mostly_unreadable_is_an_error():
    with pytest.raises(DataError, match=r"log\.csv: column 'when'.*'yesterday'.*time_format"):
        read(["yesterday", "2024-03-01", "tomorrow"])
    with pytest.raises(DataError, match="Boolean"):
        read([True])
