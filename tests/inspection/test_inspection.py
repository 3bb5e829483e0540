import json

from tasks.ingestion.quality import QualityReport, RuleCount
from tasks.inspection import inspect_log
from tasks.splitting import TemporalSplit
from tests.splitting.logs import iso, kinds_log, log_of

SETTINGS = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=0)


def quality(rows: int) -> QualityReport:
    return QualityReport(
        name="shop",
        digest="",
        rows_in=rows + 2,
        rules=(RuleCount("missing_user", 2),),
        rows_out=rows,
        users=1,
        items=1,
        users_with_one_event=0,
        items_seen_once=0,
        first_time=None,
        last_time=None,
    )


def shop(new: int) -> list[tuple]:
    users = [("w", 20, 20), ("v", new, 120), ("t", new, 220)]
    goods = (("a", 0), ("b", 0), ("c", 5))
    return [
        (f"{part}{user}", item, day + later) for part, n, day in users for user in range(n) for item, later in goods
    ]


def test_a_log_that_is_enough():
    rows = shop(300)
    found = inspect_log(log_of(rows), quality(len(rows)), SETTINGS, ("next_visits",))
    assert (found.users, found.items, found.events, found.visits) == (620, 3, 1860, 1240)
    assert found.split == "temporal"
    assert found.parts == {"warm": 20, "warm that give episodes": 20, "validation": 300, "test": 300}
    assert {one.what: one.quantiles[2] for one in found.lengths} == {
        "items per user": 3,
        "visits per user": 2,
        "items in the first visit": 2,
    }
    assert [one.shots for one in found.eligible] == [
        "shots_0",
        "shots_1",
        "shots_3",
        "shots_5",
        "shots_10",
        "shots_all",
    ]
    assert all(one.validation_a + one.validation_b == 300 == one.test for one in found.eligible)
    assert all(one.outside == 0 for one in found.eligible)
    assert len(found.advice) == 1
    assert found.advice[0].startswith("Enough")


def test_a_small_log_falls_back_and_says_so():
    rows = shop(30)
    found = inspect_log(log_of(rows), quality(len(rows)), SETTINGS, ("next_visits", "this_visit"))
    assert found.split == "user_holdout"
    assert {one.question for one in found.eligible} == {"rest"}
    assert "question=rest instead of question=" in found.advice[0]
    assert any("wide intervals" in words for words in found.advice)


def test_a_log_that_cannot_be_split_is_inspected_all_the_same():
    rows = [("u", "a", 1), ("u", "b", 2)]
    for times in (True, False):
        found = inspect_log(log_of(rows, times=times), quality(2), TemporalSplit(), ("next_visits",))
        assert found.split is None
        assert found.users == 1
        assert "cannot be evaluated" in found.advice[-1]
        json.dumps(found.to_dict(), allow_nan=False)


def test_targets_that_nobody_can_recommend_are_worth_a_word():
    new = [(f"{part}{user}", "new", day) for part, day in (("t", 240), ("v", 140)) for user in range(300)]
    rows = [*shop(300), *new]
    found = inspect_log(log_of(rows), quality(len(rows)), SETTINGS, ("next_visits",))
    assert {one.outside for one in found.eligible} == {0.5}
    assert "up to 50%" in found.advice[0]


def test_it_becomes_tables_and_json():
    rows = shop(30)
    found = inspect_log(log_of(rows), quality(len(rows)), SETTINGS, ("next_visits",), fall_back=False)
    json.dumps(found.to_dict(), allow_nan=False)
    tables = found.to_tables()
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert ("missing user", "2", "0") in tables[0].rows


def test_kinds_are_counted_and_whoever_only_looks_is_not_asked():
    rows = [
        *((f"w{user}", "a", 20, "purchase") for user in range(10)),
        *((f"v{user}", "a", day, "view") for user in range(5) for day in (120, 125)),
        *((f"t{user}", "a", 220, "view") for user in range(4)),
        *((f"t{user}", "b", 225, "purchase" if user < 3 else "view") for user in range(4)),
    ]
    found = inspect_log(kinds_log(rows), quality(len(rows)), SETTINGS, ("next_visits",), fall_back=False)
    assert [(one.kind, one.weight, one.events, one.asked_for) for one in found.kinds] == [
        ("view", 0.25, 15, False),
        ("purchase", 1.0, 13, True),
    ]
    assert [(one.shots, one.test) for one in found.eligible][:2] == [("shots_0", 3), ("shots_1", 3)]
    titles = [table.title for table in found.to_tables()]
    assert "Kinds of events" in titles
    plain = inspect_log(log_of(shop(3)), quality(1), SETTINGS, ("next_visits",), fall_back=False)
    assert (plain.kinds, "Kinds of events" in [table.title for table in plain.to_tables()]) == ((), False)
