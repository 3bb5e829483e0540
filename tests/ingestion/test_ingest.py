import dataclasses

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tasks.domain import Column, EventLog, LogRoles
from tasks.errors import ConfigError, DataError
from tasks.ingestion.cleaning import CleaningRules, PossibleDates
from tasks.ingestion.compact import compact
from tasks.ingestion.ingest import digest_of, ingest
from tasks.ingestion.kinds import KindRules
from tasks.ingestion.matrix import interactions
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.quality import QualityReport
from tasks.ingestion.raw import CANCELLATION, RawLog, SourceFile
from tests.ingestion.logs import at, raw_log

NOTHING = CleaningRules(
    missing_ids="error",
    dates=PossibleDates(check=False),
    non_products=False,
    cancellations=False,
    quantity="any",
    price="any",
    duplicates=False,
)


def clean(raw: RawLog, rules: CleaningRules | None = None, **settings: str) -> tuple[EventLog, QualityReport]:
    return ingest(raw, rules or CleaningRules(), Privacy(), **settings)


def counts(report: QualityReport) -> dict[str, tuple[int, int]]:
    return {rule.rule: (rule.dropped, rule.repaired) for rule in report.rules if rule.dropped or rule.repaired}


def test_numbers_sorts_and_keeps_what_the_log_says():
    raw = raw_log(
        {
            "user_id": ["b", "a", "b", "a"],
            "item_id": ["y", "x", "x", "z"],
            "timestamp": [at(2), at(5), at(1), at(1)],
            "quantity": [2, 1, 3, None],
            "price": [1.5, 2.0, 1.0, 4.0],
        }
    )
    log, report = clean(raw)
    assert log.users["user_id"].to_list() == ["a", "b"]
    assert log.items["item_id"].to_list() == ["x", "y", "z"]
    assert log.events["user"].to_list() == [0, 0, 1, 1]
    assert log.events["item"].to_list() == [2, 0, 0, 1]
    assert log.events["quantity"].to_list() == [None, 1, 3, 2]
    assert log.events["weight"].to_list() == [1, 1, 1, 1]
    day = 86_400_000_000
    assert (log.events["time"].diff().to_list()[1], log.events["time"][0] % day) == (4 * day, day // 2)
    assert (report.rows_in, report.rows_out, report.users, report.items) == (4, 4, 2, 3)
    assert (report.users_with_one_event, report.items_seen_once) == (0, 2)
    assert counts(report) == {}


def test_every_row_wise_rule_is_counted_once():
    raw = raw_log(
        {
            "user_id": ["u", None, " ", "u", "u", "u", "u", "u", None, "u"],
            "item_id": ["i", "i", "i", None, "i", "i", "POST", "i", None, "i"],
            "timestamp": [at(1), at(1), at(1), at(1), at(1).replace(year=1970), None, at(1), at(1), at(1), at(2)],
            "quantity": [1, 1, 1, 1, 1, 1, 1, 0, 1, 1],
            "price": [1, 1, 1, 1, 1, 1, 1, 1, 1, -2],
        },
        non_product_items="^POST$",
    )
    _, report = clean(raw)
    assert counts(report) == {
        "missing_user": (3, 0),
        "missing_item": (1, 0),
        "impossible_date": (2, 0),
        "non_product": (1, 0),
        "non_positive_quantity": (1, 0),
        "non_positive_price": (1, 0),
    }
    assert report.rows_in == report.rows_out + report.rows_dropped == 10


def test_rules_can_be_switched_off():
    raw = raw_log(
        {
            "user_id": ["u"] * 4,
            "item_id": ["POST", "i", "i", "i"],
            "timestamp": [at(1).replace(year=1970), at(1), at(1), at(2)],
            "quantity": [1, -1, -1, 0],
            "price": [0, 1, 1, 1],
        },
        non_product_items="^POST$",
    )
    log, report = clean(raw, NOTHING)
    assert report.rows_out == 4
    assert counts(report) == {}
    assert not log.roles.has_cancellations


def test_missing_ids_can_be_an_error():
    with pytest.raises(DataError, match=r"user_id.*1 of 2 rows.*missing_ids=drop"):
        clean(raw_log({"user_id": ["u", None], "item_id": ["i", "i"]}), NOTHING)


def test_infinite_and_nan_amounts():
    raw = raw_log(
        {"user_id": ["u"] * 3, "item_id": ["a", "b", "c"], "price": [float("inf"), float("nan"), 1.0]},
    )
    log, report = clean(raw)
    assert counts(report) == {"non_positive_price": (1, 0)}
    assert log.events["price"].to_list() == [None, 1.0]


def test_future_dates_are_impossible():
    raw = raw_log({"user_id": ["u", "u"], "item_id": ["a", "b"], "timestamp": [at(1), at(1).replace(year=2999)]})
    _, report = clean(raw)
    assert counts(report) == {"impossible_date": (1, 0)}
    rules = CleaningRules(dates=PossibleDates(latest="2024-02-01"))
    with pytest.raises(DataError, match="left none of 2 rows"):
        clean(raw, rules)


def test_exact_duplicates_leave_one():
    raw = raw_log(
        {
            "user_id": ["u"] * 5,
            "item_id": ["i"] * 5,
            "timestamp": [at(1), at(1), at(1), at(2), at(1)],
            "quantity": [1, 1, 2, 1, None],
        }
    )
    log, report = clean(raw)
    assert counts(report) == {"duplicate": (1, 0)}
    assert log.events["quantity"].to_list() == [1, 2, None, 1]


def test_until_hides_later_days():
    raw = raw_log({"user_id": ["u", "u"], "item_id": ["a", "b"], "timestamp": [at(1, 23), at(2, 0)]})
    log, report = clean(raw, until="2024-03-02")
    assert counts(report) == {"after_until": (1, 0)}
    assert log.items["item_id"].to_list() == ["a"]
    with pytest.raises(ConfigError, match=r"dataset\.until"):
        clean(raw, until="soon")


def test_days_are_cut_in_the_time_zone_of_the_shop():
    columns = {"user_id": ["u"] * 2, "item_id": ["a", "b"], "timestamp": [at(1, 14), at(1, 17)]}
    same, _ = clean(raw_log(columns))
    apart, _ = clean(raw_log(columns, time_zone="Asia/Taipei"))
    assert same.events["visit"].n_unique() == 1
    assert apart.events["visit"].n_unique() == 2


def test_visits_by_number_and_days_for_rows_without_one():
    raw = raw_log(
        {
            "user_id": ["u"] * 5,
            "item_id": list("abcde"),
            "timestamp": [at(1), at(1), at(1), at(2), at(1)],
            "visit_id": ["9", "9", "10", None, None],
        }
    )
    log, _ = clean(raw)
    visit = dict(zip(log.items["item_id"].gather(log.events["item"]), log.events["visit"], strict=True))
    assert visit["a"] == visit["b"]
    assert len({visit[item] for item in "acde"}) == 4


def test_plain_dates_have_no_hours():
    raw = raw_log({"user_id": ["u"], "item_id": ["a"], "timestamp": [at(2).date()]}, types={"timestamp": pl.Date})
    log, _ = clean(raw)
    assert log.events["time"].to_list() == [(at(2, 0) - at(1, 0, 1).replace(year=1970)).days * 86_400_000_000]


def test_kinds_have_codes_and_weights():
    columns = {"user_id": ["u"] * 3, "item_id": ["a"] * 3, "kind": ["view", "purchase", "hover"]}
    log, report = clean(raw_log(columns, kinds=KindRules({"view": 1, "purchase": 5}, unknown="ignore")))
    assert (log.kinds, log.target_kinds) == (("view", "purchase"), ("purchase",))
    assert log.events.select("kind", "weight").rows() == [(0, 1.0), (1, 5.0)]
    assert log.asked_for().tolist() == [False, True]
    assert counts(report) == {"unknown_kind": (1, 0)}
    log, _ = clean(raw_log(columns))
    assert (log.kinds, log.target_kinds) == (("hover", "purchase", "view"), None)
    assert log.events["weight"].to_list() == [1, 1, 1]


def test_cancellations_become_times():
    raw = raw_log(
        {
            "user_id": ["u", "u", "u", "u", "v"],
            "item_id": ["i", "i", "i", "j", "i"],
            "timestamp": [at(1), at(3), at(2), at(2), at(4)],
            "quantity": [4, 3, 4, 1, 2],
            CANCELLATION: [False, True, False, False, True],
        }
    )
    log, report = clean(raw)
    assert counts(report) == {"cancellation": (2, 0)}  # three of four pieces: the purchase stands
    assert log.roles.has_cancellations
    assert log.events["cancelled_at"].null_count() == 3
    assert log.users["user_id"].to_list() == ["u"]


def test_negative_quantities_are_returns():
    raw = raw_log(
        {
            "user_id": ["u", "u"],
            "item_id": ["i", "i"],
            "timestamp": [at(1), at(2)],
            "quantity": [1, -1],
        }
    )
    log, report = clean(raw)
    assert counts(report) == {"cancellation": (1, 1)}
    day = 86_400_000_000
    assert (log.events["cancelled_at"] - log.events["time"]).to_list() == [day]


def test_without_times_cancelled_purchases_leave():
    raw = raw_log({"user_id": ["u", "u", "v"], "item_id": ["i", "i", "j"], "quantity": [1, -1, 1]})
    log, report = clean(raw)
    assert counts(report) == {"cancellation": (2, 0)}
    assert (log.users["user_id"].to_list(), log.items["item_id"].to_list()) == (["v"], ["j"])
    assert report.rows_in == report.rows_out + report.rows_dropped


def test_everything_cancelled_is_an_error():
    only = {"user_id": ["u"], "item_id": ["i"], "quantity": [-1]}
    both = {"user_id": ["u", "u"], "item_id": ["i", "i"], "quantity": [-1, 1]}
    for columns in (only, both):
        with pytest.raises(DataError, match="by cancellation"):
            clean(raw_log(columns))


def test_user_features_are_those_of_the_first_event():
    raw = raw_log(
        {
            "user_id": ["u", "u", "v", "v"],
            "item_id": ["a", "b", "a", "a"],
            "timestamp": [at(3), at(1), at(2), at(2)],
            "town": ["late", "early", "b", "a"],
            "age": [40.0, 39.0, None, None],
        },
        roles=LogRoles(has_times=True, has_hours=True, user_categories=("town",), user_numbers=("age",)),
    )
    log, _ = clean(raw)
    assert log.users.rows() == [("u", "early", 39.0), ("v", "a", None)]


def test_item_attributes_carry_when_they_were_first_seen():
    raw = raw_log(
        {
            "user_id": ["u", "v", "u", "v", "u"],
            "item_id": ["i", "i", "i", "j", "k"],
            "timestamp": [at(3), at(1), at(2), at(1), at(1)],
            "title": ["new", "old", "old", None, "only"],
        },
        roles=LogRoles(has_times=True, has_hours=True, item_text="title"),
    )
    log, _ = clean(raw)
    time = log.events["time"].min()
    assert isinstance(time, int)
    day = 86_400_000_000
    assert log.item_attributes.rows() == [(0, "old", time), (0, "new", time + 2 * day), (2, "only", time)]


def test_item_attributes_by_user():
    raw = raw_log(
        {
            "user_id": ["u", "v", "u", "v", "w"],
            "item_id": ["i", "i", "i", "j", "i"],
            "timestamp": [at(3), at(1), at(2), at(1), at(1)],
            "quantity": [1.0, 1.0, 1.0, 1.0, 1000.0],
            "title": ["new", "old", "old", None, "old"],
        },
        roles=LogRoles(has_times=True, has_hours=True, item_text="title", item_categories=("shelf",)),
        item_features=pl.LazyFrame({"item_id": ["i", "j"], "shelf": ["tea", "cups"]}),
    )
    log, _ = ingest(raw, CleaningRules(), Privacy(), attributes_by_user=True)
    rows = log.item_attributes.select("item", "user", "shelf", "title").rows()
    assert rows == [(0, 1, "tea", "old"), (0, 2, "tea", "old"), (0, 0, "tea", "old"), (0, 0, "tea", "new"),
                    (1, 1, "cups", None)]  # fmt: skip
    without_w = dataclasses.replace(log, events=log.events.filter(pl.col("user") != 1))
    assert compact(without_w).item_attributes.select("item", "user", "title").rows() == [
        (0, 1, "old"), (0, 0, "old"), (0, 0, "new")]  # fmt: skip


def test_tables_beside_the_log():
    raw = raw_log(
        {"user_id": [7, 8, 9], "item_id": ["a", "b", "c"]},
        roles=LogRoles(has_times=False, user_categories=("town",), item_numbers=("weight_g",)),
        user_features=pl.LazyFrame({"user_id": ["8", "7", "1"], "town": ["x", "y", "z"]}),
        item_features=pl.LazyFrame({"item_id": ["c", "a"], "weight_g": [3.0, 1.0]}),
    )
    log, _ = clean(raw)
    assert log.users.rows() == [(7, "y"), (8, "x"), (9, None)]
    assert log.item_attributes.rows() == [(0, 1.0, None), (2, 3.0, None)]
    twice = pl.LazyFrame({"user_id": ["7", "7"], "town": ["x", "y"]})
    with pytest.raises(DataError, match=r"user_features.*one row for each user_id.*'7'"):
        clean(dataclasses.replace(raw, user_features=twice))
    with pytest.raises(DataError, match="town"):
        clean(dataclasses.replace(raw, user_features=pl.LazyFrame({"user_id": ["7"]})))


def test_pseudonyms_replace_ids(monkeypatch, caplog):
    monkeypatch.setenv("COLDCART_PSEUDONYM_KEY", "a key of enough bytes")
    raw = raw_log({"user_id": ["u", "v", "v"], "item_id": ["a", "b", "a"]})
    plain, _ = clean(raw)
    with caplog.at_level("DEBUG"):
        hidden, _ = ingest(raw, CleaningRules(), Privacy(pseudonymise=True))
    assert "enough bytes" not in caplog.text
    ids = hidden.users["user_id"].to_list()
    assert ids == sorted(ids)
    assert all(len(user) == 32 for user in ids)

    def sizes(log: EventLog) -> list[int]:
        return sorted(log.events["user"].value_counts()["count"].to_list())

    assert sizes(plain) == sizes(hidden) == [1, 2]


def test_nothing_to_read_and_nothing_left():
    with pytest.raises(DataError, match="holds no rows"):
        clean(raw_log({"user_id": [], "item_id": []}, types={"user_id": pl.String, "item_id": pl.String}))
    with pytest.raises(DataError, match=r"left none of 2 rows \(2 by missing_user\)"):
        clean(raw_log({"user_id": [None, None], "item_id": ["a", "b"]}, types={"user_id": pl.String}))


def test_one_user_one_item_one_event():
    log, report = clean(raw_log({"user_id": ["u"], "item_id": ["i"]}))
    assert log.events.rows() == [(0, 0, 1.0)]
    assert (report.users_with_one_event, report.items_seen_once) == (1, 1)
    assert log.item_attributes.columns == [Column.ITEM, Column.FIRST_SEEN]


def test_the_matrix_has_distinct_pairs():
    raw = raw_log(
        {"user_id": ["b", "a", "b", "b"], "item_id": [30, 10, 30, 20], "timestamp": [at(n) for n in (1, 1, 2, 1)]}
    )
    log, _ = clean(raw)
    matrix = interactions(log)
    assert matrix.toarray().tolist() == [[1, 0, 0], [0, 1, 1]]
    assert matrix.has_sorted_indices


def test_digest_depends_on_the_files_alone(tmp_path):
    raw = raw_log({"user_id": ["u"], "item_id": ["i"]})
    one, two = SourceFile(tmp_path / "a", "1" * 64), SourceFile(tmp_path / "b", "2" * 64)
    assert digest_of(dataclasses.replace(raw, files=(one, two))) == digest_of(
        dataclasses.replace(raw, files=(two, one))
    )
    assert digest_of(dataclasses.replace(raw, files=(one,))) != digest_of(dataclasses.replace(raw, files=(two,)))


def test_a_numbers_fallback_gives_the_same_log():
    """Keys that do not fit 64 bits take the slow path: same answer."""
    far = [0, 2**62, -(2**62), 5]
    raw = raw_log({"user_id": far * 2, "item_id": [*far, *reversed(far)], "timestamp": [at(n) for n in range(1, 9)]})
    log, _ = clean(raw)
    assert log.users["user_id"].to_list() == sorted(far)
    back = log.events.select(
        log.users["user_id"].gather(log.events["user"]).alias("u"),
        log.items["item_id"].gather(log.events["item"]).alias("i"),
    )
    expected = pl.DataFrame({"u": far * 2, "i": [*far, *reversed(far)]})
    assert_frame_equal(back.sort("u", "i"), expected.sort("u", "i"))
