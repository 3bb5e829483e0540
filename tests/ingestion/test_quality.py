import json

from tasks.ingestion.quality import QualityReport, RuleCount

REPORT = QualityReport(
    name="shop",
    digest="ab",
    rows_in=1_000,
    rules=(RuleCount("missing_user", 10), RuleCount("duplicate", 5)),
    rows_out=985,
    users=20,
    items=30,
    users_with_one_event=3,
    items_seen_once=4,
    first_time="2024-03-01T12:00:00+00:00",
    last_time="2024-03-04T12:00:00+00:00",
)


def test_as_a_table_and_as_plain_values():
    text = REPORT.to_markdown()
    assert "| rows in | 1,000 | |" in text
    assert "| missing user | 10 | 0 |" in text
    assert "20 users (3 with one event), 30 items (4 seen once)." in text
    assert json.loads(json.dumps(REPORT.to_dict()))["rules"][1] == {"rule": "duplicate", "dropped": 5, "repaired": 0}


def test_later_rules_are_added():
    later = REPORT.with_rules((RuleCount("outlier_price", 3, 2),), users=19)
    assert (later.rows_out, later.rows_dropped, later.users, later.items) == (982, 18, 19, 30)
    assert later.rows_in == later.rows_out + later.rows_dropped
