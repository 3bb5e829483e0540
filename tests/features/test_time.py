from datetime import UTC, datetime

import numpy as np
import pytest

from tasks.domain import Ragged
from tasks.features import calendar, gaps

HOUR = 3_600_000_000
DAY = 24 * HOUR


def microseconds(*day: int) -> int:
    return int(datetime(*day, tzinfo=UTC).timestamp()) * 1_000_000


def test_calendar_points_of_known_times():
    monday = calendar(np.array([microseconds(2001, 1, 1, 6)]), has_hours=True)
    assert monday.dtype == np.float32
    assert monday[0] == pytest.approx([0, 1, 0, 1, 1, 0], abs=1e-6)  # Monday, 1 January, a quarter of the day


def test_plain_dates_have_no_hour():
    assert calendar(np.array([microseconds(2001, 7, 2)]), has_hours=False).shape == (1, 4)
    assert calendar(np.zeros(0, dtype=np.int64), has_hours=False).shape == (0, 4)


def test_a_plain_date_is_the_same_day_in_every_zone():
    day = np.array([microseconds(2001, 7, 2)])
    assert (calendar(day, False, "America/New_York") == calendar(day, False)).all()


def test_the_calendar_wraps_round():
    days = np.array([microseconds(2000, 12, 31), microseconds(2001, 1, 1), microseconds(2001, 7, 2)])
    season = calendar(days, has_hours=False)[:, 2:]
    assert np.linalg.norm(season[0] - season[1]) < 0.02 < np.linalg.norm(season[1] - season[2])
    weekday = calendar(days, has_hours=False)[:, :2]  # Sunday, Monday, Monday
    assert weekday[1] == pytest.approx(weekday[2], abs=1e-6)


def test_the_clock_is_that_of_the_shop():
    evening = np.array([microseconds(2001, 1, 1, 23)])
    assert calendar(evening, True, "Asia/Taipei") == pytest.approx(calendar(evening + 8 * HOUR, True), abs=1e-6)


def test_gaps_start_anew_with_every_user():
    rows = Ragged.from_lengths(np.array([3, 0, 2]))
    times = np.array([0, HOUR, 3 * HOUR, 50 * HOUR, 50 * HOUR])
    assert gaps(rows, times) == pytest.approx(np.log1p([0, 1, 2, 0, 0]))
    assert gaps(Ragged.from_lengths(np.array([0])), np.zeros(0, dtype=np.int64)).shape == (0,)
