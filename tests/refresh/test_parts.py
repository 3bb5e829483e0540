"""What is new, who judges, what is replayed, and what comes beside a log."""

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.domain import Column, LogRoles
from tasks.errors import ConfigError, LeakageError, LockedError
from tasks.evaluation.statistics import Gain, relative_gain
from tasks.ingestion.cleaning import CleaningRules
from tasks.ingestion.ingest import ingest
from tasks.ingestion.pseudonyms import Privacy
from tasks.model_format import EventKinds
from tasks.refresh.fit import replayed
from tasks.refresh.further import Further
from tasks.refresh.ground import check_unseen
from tasks.refresh.joined import joined, with_listed_items
from tasks.refresh.outcome import Outcome, table_rows
from tasks.refresh.period import period_of
from tasks.refresh.turn import turn
from tasks.refresh.verdict import Row, Verdict
from tasks.runs import Home
from tests.ingestion.logs import raw_log
from tests.worlds import DAY, block_histories, block_training

FIRST = datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC)
AT = int(FIRST.timestamp()) * 1_000_000


def small_raw(users: int = 10):  # type: ignore[no-untyped-def]
    """User n comes on day n and on the last day; the shelf of an item stands in the log."""
    day = [*range(users), *[users] * users]
    columns = {
        "user_id": [f"u{n % users}" for n in range(2 * users)],
        "item_id": [f"i{n % 3}" for n in range(2 * users)],
        "timestamp": [FIRST + datetime.timedelta(days=n) for n in day],
        "shelf": ["north"] * 2 * users,
    }
    return raw_log(columns, roles=LogRoles(has_times=True, has_hours=True, item_categories=("shelf",)))


def small_log():  # type: ignore[no-untyped-def]
    return ingest(small_raw(), CleaningRules(), Privacy())[0]


def test_new_is_what_came_after_the_watermark_and_t_parts_the_new_users() -> None:
    log = small_log()
    period = period_of(log, AT + 3 * DAY, "50%")
    assert (period.users, period.newest) == (6, AT + 10 * DAY)
    assert period.events == 6 + 10
    assert period.cut == AT + 7 * DAY, "u7, u8 and u9 judge"
    assert period_of(log, AT + 3 * DAY, "2024-03-09").cut == AT + 8 * DAY
    nothing = period_of(log, AT + 10 * DAY, "50%")
    assert (nothing.events, nothing.users, nothing.cut) == (0, 0, None)
    assert period_of(log, AT + 9 * DAY, "50%").cut is None, "events, but nobody new"
    with pytest.raises(ConfigError, match="cut=2024-03-02 must be later than the newest event that the champion saw"):
        period_of(log, AT + 3 * DAY, "2024-03-02")


def test_users_who_judge_are_unseen_or_the_run_stops() -> None:
    histories = block_histories(20, 60, 3, seed=0)
    assert histories.times is not None
    first = int(histories.times.min())
    check_unseen(histories, first, first - 1)
    with pytest.raises(LeakageError, match="does not lie after the champion's newest event"):
        check_unseen(histories, first, first)
    with pytest.raises(LeakageError, match="users who judge hold an event"):
        check_unseen(histories, first + 1, first - 1)


@pytest.mark.parametrize(("replay", "others"), [(0.0, 0), (0.5, 1), (0.75, 3), (0.99, np.inf)])
def test_replay_is_a_share_of_the_users_that_are_learned_from(replay: float, others: float) -> None:
    training = block_training()
    times = training.warm.histories.times
    assert times is not None
    watermark = int(np.quantile(times, 0.9))
    held = training.warm.histories.rows.row_of_entry
    new = np.unique(held[times > watermark])
    for posed in replayed(training, watermark, replay, seed=0):
        chosen = posed.population
        assert np.isin(new, chosen).all()
        assert len(chosen) - len(new) == min(round(others * len(new)), 120 - len(new)) if others < np.inf else True
        assert posed.targets.shape[0] == len(posed.users) == len(chosen)
    everyone = replayed(training, int(times.max()), replay, seed=0)
    assert len(everyone[0].population) == 120, "without anything new, all that is known"


def test_events_beside_a_log_join_it_and_ids_become_text_where_they_must() -> None:
    raw = small_raw()
    moments = pl.Series([FIRST + datetime.timedelta(days=20)] * 2).cast(pl.Datetime("us", "UTC"))
    events = pl.DataFrame({"user_id": ["new", "u1"], "item_id": ["late", "i0"], "timestamp": moments})
    more = joined(raw, Further(events, None, None), EventKinds())
    assert len(more.files) == len(raw.files) + 1
    log, _ = ingest(more, CleaningRules(), Privacy())
    assert {"late", "i0"} <= set(log.items["item_id"])
    assert log.events.height == small_log().events.height + 2
    numbers = replace(
        raw,
        rows=raw.rows.with_columns(pl.lit(7, pl.Int64).alias(Column.ITEM_ID)),
        schema={**raw.schema, "item_id": pl.Int64()},
    )
    mixed, _ = ingest(joined(numbers, Further(events, None, None), EventKinds()), CleaningRules(), Privacy())
    assert sorted(mixed.items["item_id"]) == ["7", "i0", "late"]
    digits = events.with_columns(pl.lit("8").alias("item_id"))
    kept, _ = ingest(joined(numbers, Further(digits, None, None), EventKinds()), CleaningRules(), Privacy())
    assert kept.items["item_id"].to_list() == [7, 8]


def test_items_of_a_table_join_with_what_it_tells() -> None:
    log, raw = small_log(), small_raw()
    table = pl.DataFrame({"item_id": ["i1", "coming"], "shelf": ["south", "east"]})
    grown, listed = with_listed_items(log, raw, table)
    assert grown.items["item_id"].to_list() == ["i0", "i1", "i2", "coming"]
    assert listed.tolist() == [1, 3]
    told = grown.item_attributes.filter(pl.col("item") == 3)
    assert told.select("shelf", "first_seen").rows() == [("east", None)]
    assert grown.item_attributes.filter(pl.col("item") == 1)["shelf"].to_list() == ["north"], "the log was first"


def test_the_verdict_is_about_the_lower_bound() -> None:
    for low, margin, better in (
        (-0.019, 0.02, True),
        (-0.02, 0.02, False),
        (0.01, -0.02, False),
        (np.nan, 0.02, False),
    ):
        said = Verdict((), Gain(0.0, low, 0.1), margin, 60)
        assert said.not_worse is better
        assert ("and does not" in said.reason()) is not better
    assert Verdict.from_json(said.to_json()).margin == 0.02


def verdict_of(challenger: list[float], champion: list[float]) -> Verdict:
    """Of figures by user."""
    gain = relative_gain(np.array(challenger), np.array(champion))
    row = Row("mean", np.mean(champion), np.mean(challenger), gain.low, gain.high, len(champion))
    return Verdict((row,), gain, 0.02, len(champion))


def test_nothing_can_be_compared_where_neither_finds_anything() -> None:
    said = verdict_of([0.0] * 60, [0.0] * 60)
    assert not said.not_worse
    assert said.reason().endswith("cannot be compared: no list of either model holds anything that they took")
    outcome = Outcome("refused", said.reason(), "shop", verdict=said.to_json())
    assert outcome.next_step == "more users can judge later, or with an earlier T (cut=25%)"
    assert table_rows(said) == [("mean, s ≥ 1", "0.0000", "0.0000", "—", "— … —", "60")]


def test_whoever_finds_anything_is_better_than_who_finds_nothing() -> None:
    said = verdict_of([1.0] * 6 + [0.0] * 54, [0.0] * 60)
    assert said.not_worse
    assert said.reason().startswith("NDCG@10 of 60 users new to both, mean over s ≥ 1: +∞ % (+∞ % … +∞ %)")
    assert table_rows(said)[0][3:5] == ("+∞ %", "+∞ % … +∞ %")


def test_few_finds_leave_the_verdict_open() -> None:
    said = verdict_of([0.0, 0.0, 1.0, 1.0] + [0.0] * 56, [1.0, 1.0, 0.0, 0.0] + [0.0] * 56)
    assert said.undecided  # many resamples hold nothing that the champion found
    assert "(−100.0 % … +∞ %)" in said.reason()


def test_one_refresh_of_a_model_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with turn(home, "a"), turn(home, "b"), pytest.raises(LockedError, match="another refresh of a is at work"):
        turn(home, "a", wait=0.1).__enter__()
    with turn(home, "a"):
        pass
