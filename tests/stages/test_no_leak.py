"""Nothing of a new user, and nothing of the future, reaches the evaluation fit: on the whole path from raw rows."""

import datetime
import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.config import RunConfig
from tests.stages.shops import CUT, HOLDOUT, TEMPORAL, altered, config, fitted, raw, shop, warm_users

some_shop, some_change = st.integers(0, 2), st.integers(0, 10_000)
Rows = list[dict[str, Any]]


@functools.cache
def settings_of(*overrides: str) -> RunConfig:
    return config(*overrides)


@functools.cache
def before(seed: int, times: bool, *overrides: str) -> dict[str, bytes]:
    return fitted(raw(rows_of(seed, times, *overrides), times=times), settings_of(*overrides))


@functools.cache
def warm_of(seed: int, times: bool, *overrides: str) -> set[str]:
    return warm_users(shop(seed), settings_of(*overrides), times=times)


@functools.cache
def rows_of(seed: int, times: bool, *overrides: str) -> Rows:
    """The shop; where users are held out a warm one comes last, so that the log's end is not what is altered."""
    rows = shop(seed)
    if overrides[:1] == TEMPORAL[:1]:
        return rows
    last = next(row for row in rows if row["user_id"] in warm_of(seed, times, *overrides))
    newest = max(row["timestamp"] for row in rows)
    return [*rows, last | {"timestamp": newest + datetime.timedelta(days=1), "cancellation": False}]


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


@settings(max_examples=25, deadline=None)
@given(some_shop, some_change, st.sampled_from(["next_visits", "this_visit"]))
def test_rows_from_the_first_cut_on_change_nothing(seed, change, question):
    overrides = (*TEMPORAL, f"question={question}")
    rows = shop(seed)
    late = [row["timestamp"] >= CUT for row in rows]
    assert 0 < sum(late) < len(rows)
    changed = altered(rows, late, np.random.default_rng(change), gone=0.1)
    assert differences(before(seed, True, *overrides), fitted(raw(changed), settings_of(*overrides))) == []


@settings(max_examples=25, deadline=None)
@given(some_shop, some_change, st.booleans(), st.sampled_from(["next_visits", "rest"]))
def test_rows_of_held_out_users_change_nothing(seed, change, times, question):
    assume(times or question == "rest")
    overrides = (*HOLDOUT, f"question={question}")
    rows = rows_of(seed, times, *overrides)
    new = [row["user_id"] not in warm_of(seed, times, *overrides) for row in rows]
    assert 0 < sum(new) < len(rows)
    # How many items are shown for ``rest`` follows from how many the test users have: those stay.
    changed = altered(rows, new, np.random.default_rng(change), items=question != "rest")
    other = fitted(raw(changed, times=times), settings_of(*overrides))
    assert differences(before(seed, times, *overrides), other) == []


@settings(max_examples=10, deadline=None)
@given(some_shop, some_change)
def test_nor_where_a_short_log_falls_back_to_holding_users_out(seed, change):
    overrides = ("dataset=file", "split=temporal")
    rows = rows_of(seed, True, *overrides)
    new = [row["user_id"] not in warm_of(seed, True, *overrides) for row in rows]
    other = fitted(raw(altered(rows, new, np.random.default_rng(change), items=False)), settings_of(*overrides))
    assert differences(before(seed, True, *overrides), other) == []


@pytest.mark.parametrize("how", [TEMPORAL, HOLDOUT])
@pytest.mark.parametrize(
    ("column", "value", "artefact"),
    [
        ("title", "unheard of", "item encoder"),
        ("shelf", "west", "item encoder"),
        ("price", 7.5, "item features"),
        ("town", "Ulm", "user encoder"),
        ("age", 99.0, "user features"),
        ("item_id", "i00", "popularity"),
    ],
)
def test_rows_that_may_be_seen_do_count(how, column, value, artefact):
    """Otherwise the tests above would hold of anything."""
    rows = rows_of(0, True, *how)
    warm = warm_of(0, True, *how)
    seen = [row["timestamp"] < CUT if how is TEMPORAL else row["user_id"] in warm for row in rows]
    changed = [row | {column: value} if one else row for row, one in zip(rows, seen, strict=True)]
    assert artefact in differences(before(0, True, *how), fitted(raw(changed), settings_of(*how)))
