import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tasks.domain import EventLog
from tasks.ingestion.cleaning import CleaningRules, Fences, apply_fences
from tasks.ingestion.ingest import ingest
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.quality import RuleCount
from tests.ingestion.logs import at, raw_log

TUKEY = {"lower": 0.25, "upper": 0.75, "multiplier": 1.5}


def log_with(quantities: list[float], users: list[str] | None = None) -> EventLog:
    number = len(quantities)
    raw = raw_log(
        {
            "user_id": users or ["u"] * number,
            "item_id": [f"i{n:02}" for n in range(number)],
            "timestamp": [at(1 + n) for n in range(number)],
            "quantity": quantities,
        }
    )
    return ingest(raw, CleaningRules(), Privacy())[0]


def everything(log: EventLog) -> NDArray[np.bool_]:
    return np.ones(log.events.height, dtype=np.bool_)


def fenced(log: EventLog, **settings) -> tuple[EventLog, tuple[RuleCount, ...]]:
    return apply_fences(log, rules(**settings), everything(log))


def rules(**settings) -> CleaningRules:
    return CleaningRules(outliers=Fences(**{**TUKEY, **settings}))


def test_clips_to_the_fences():
    log, counts = fenced(log_with([1, 2, 3, 4, 100]))
    assert log.events["quantity"].to_list() == [1, 2, 3, 4, 7]  # quartiles 2 and 4: 4 + 1.5 × 2
    assert [(count.rule, count.dropped, count.repaired) for count in counts] == [("outlier_quantity", 0, 1)]


def test_fitted_on_the_past_only():
    log = log_with([1, 2, 3, 4, 5, 1000, 2000, 3000])
    seen = log.events["time"].to_numpy() < log.events["time"][5]
    past, _ = apply_fences(log, rules(), seen)
    assert past.events["quantity"].to_list() == [1, 2, 3, 4, 5, 7, 7, 7]
    changed, _ = apply_fences(log_with([1, 2, 3, 4, 5, 9, 9, 9000]), rules(), seen)
    assert changed.events["quantity"].max() == past.events["quantity"].max()


def test_fitted_on_warm_users_only():
    users = ["a", "a", "a", "a", "a", "new", "new", "new"]
    log = log_with([1, 2, 3, 4, 5, 1000, 2000, 3000], users)
    warm = log.events["user"].to_numpy() == 0
    assert apply_fences(log, rules(), warm)[0].events["quantity"].to_list() == [1, 2, 3, 4, 5, 7, 7, 7]


def test_dropped_rows_take_empty_users_and_items_along():
    log = log_with([1, 2, 3, 4, 100], users=["a", "b", "c", "d", "a2"])
    left, counts = fenced(log, action="drop")
    assert [(count.dropped, count.repaired) for count in counts] == [(1, 0)]
    assert left.users["user_id"].to_list() == ["a", "b", "c", "d"]
    assert left.events["user"].to_list() == [0, 1, 2, 3]
    assert left.items.height == 4


def test_columns_without_spread_or_without_values_have_no_fences():
    log = log_with([1, 1, 1, 1, 100])
    same, counts = fenced(log)
    assert same.events.equals(log.events)
    assert counts[0].repaired == 0
    nobody, _ = apply_fences(log, rules(), ~everything(log))
    assert nobody.events.equals(log.events)


def test_switched_off():
    log = log_with([1, 2, 3, 4, 100])
    assert fenced(log, action="none") == (log, ())


def test_unknown_quantities_stay_unknown():
    log, _ = fenced(log_with([1, 2, 3, 4, 100, None]), action="drop")
    assert log.events["quantity"].null_count() == 1


@pytest.mark.parametrize("wrong", [{"lower": 0.6}, {"upper": 0.2}, {"multiplier": -1.0}])
def test_settings_have_ranges(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Fences(**wrong)


def test_fences_of_a_series():
    assert Fences(**TUKEY).fit(pl.Series([1.0, 2.0, 3.0, 4.0, 5.0])) == (-1.0, 7.0)
