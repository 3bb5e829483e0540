import dataclasses
from pathlib import Path

import polars as pl
import pytest

from tasks.config import load_component
from tasks.domain import EventLog
from tasks.errors import DataError
from tasks.ingestion.cleaning import CleaningRules
from tasks.ingestion.ingest import ingest
from tasks.ingestion.mapping import LogColumns
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.sources.file import File

SMALL = "user_id,item_id,timestamp\n007,0042,2024-03-01\n7,42,2024-03-02\n"


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    return str(path)


def read(source: File, cache: Path) -> EventLog:
    return ingest(source.load(cache), CleaningRules(), Privacy())[0]


def test_defaults_need_no_settings(tmp_path):
    log = read(File(path=write(tmp_path / "log.csv", SMALL)), tmp_path)
    assert log.users["user_id"].to_list() == ["007", "7"]
    assert log.items["item_id"].to_list() == ["0042", "42"]
    assert log.roles.has_times
    assert not log.roles.has_hours


def test_without_times(tmp_path):
    log = read(File(path=write(tmp_path / "log.csv", "user_id,item_id\nu,i\n")), tmp_path)
    assert not log.roles.has_times
    assert log.events.columns == ["user", "item", "weight"]


def test_everything_mapped(tmp_path):
    text = (
        "who;what;when;order;did;n;each;undone;town;title\n"
        "a;x;1709287200;1;buy;2;1.5;no;Ulm;Tea\n"
        "a;x;1709290800;2;buy;2;;yes;Ulm;Tea\n"
        "b;y;1709287200;3;look;;;no;;Café\n"
    )
    source = File(
        path=write(tmp_path / "log.csv", text, "latin-1"),
        columns=LogColumns("who", "what", "when", "order", "did", "n", "each", "undone"),
        kinds={"look": 1, "buy": 5},
        user_categories=("town",),
        item_text="title",
        separator=";",
        encoding="latin-1",
    )
    log = read(source, tmp_path / "cache")
    assert log.events.select("user", "weight", "quantity", "price").rows() == [(0, 5, 2, 1.5), (1, 1, None, None)]
    assert log.events["cancelled_at"].to_list() == [1709290800 * 1_000_000, None]
    assert log.item_attributes["title"].to_list() == ["Tea", "Café"]
    assert log.users["town"].to_list() == ["Ulm", None]


def test_parquet_keeps_whole_numbers_and_repairs_floats(tmp_path):
    frame = pl.DataFrame({"user_id": [12.0, None, 13.0], "item_id": [2**62, 1, 2]})
    frame.write_parquet(tmp_path / "log.parquet")
    log = read(File(path=str(tmp_path / "log.parquet")), tmp_path)
    assert log.users["user_id"].to_list() == [12, 13]
    assert log.items["item_id"].to_list() == [2, 2**62]


def test_ids_beyond_64_bits_are_text(tmp_path):
    huge = str(10**30)
    log = read(File(path=write(tmp_path / "log.csv", f"user_id,item_id\n{huge},1\n")), tmp_path)
    assert log.users["user_id"].to_list() == [huge]
    frame = pl.DataFrame({"user_id": pl.Series([2**64 - 1], dtype=pl.UInt64), "item_id": [1]})
    frame.write_parquet(tmp_path / "log.parquet")
    log = read(File(path=str(tmp_path / "log.parquet")), tmp_path)
    assert log.users["user_id"].to_list() == [str(2**64 - 1)]


def test_patterns_and_folders(tmp_path):
    for number in (1, 2):
        write(tmp_path / f"log-{number}.csv", f"user_id,item_id\nu{number},i\n")
    for path in (tmp_path, tmp_path / "log-*.csv"):
        raw = File(path=str(path)).load(tmp_path / "cache")
        assert len(raw.files) == 2
        assert raw.rows.collect()["user_id"].to_list() == ["u1", "u2"]


def test_tables_of_features(tmp_path):
    source = File(
        path=write(tmp_path / "log.csv", "user_id,item_id\n1,a\n2,b\n"),
        user_numbers=("age",),
        item_categories=("shelf",),
        user_features=write(tmp_path / "users.csv", "user_id,age\n2,41\n1,\n"),
        item_features=write(tmp_path / "items.csv", "item_id,shelf,more\na,tea,x\n"),
    )
    raw = source.load(tmp_path)
    log = ingest(raw, CleaningRules(), Privacy())[0]
    assert log.users.rows() == [("1", None), ("2", 41.0)]
    assert log.item_attributes.rows() == [(0, "tea", None)]
    assert [file.path.name for file in raw.files] == ["log.csv", "users.csv", "items.csv"]
    write(tmp_path / "items.csv", "item_id,shelf,more\na,coffee,x\n")
    changed = [file.sha256 for file in source.load(tmp_path).files]
    assert [file.sha256 for file in raw.files][:2] == changed[:2]
    assert raw.files[2].sha256 != changed[2]


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "log.csv is empty"),
        ("user_id,item_id\n", {}, "log.csv holds no rows"),
        ("user,item_id\nu,i\n", {}, "log.csv: expected the columns user_id.*found user, item_id"),
        (SMALL, {"columns": LogColumns(timestamp="when")}, "expected the columns when"),
        (SMALL, {"item_text": "title"}, "expected the column 'title'"),
        ("user_id,item_id,timestamp\nu,i,soon\n", {}, "column 'timestamp': expected times .*found 'soon'.*time_format"),
        (
            "user_id,item_id,n\nu,i,1\nu,j,many\n",
            {"columns": LogColumns(quantity="n")},
            "log.csv cannot be read as expected.*many",
        ),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path, text, settings, message):
    with pytest.raises(DataError, match=message):
        read(File(path=write(tmp_path / "log.csv", text), **settings), tmp_path)


def test_text_that_is_not_utf8(tmp_path):
    path = write(tmp_path / "log.csv", "user_id,item_id\nRené,i\n" + "u,i\n" * 5, "latin-1")
    with pytest.raises(DataError, match=r"log\.csv.*(UTF-8|encoding)"):
        read(File(path=path), tmp_path)
    assert read(File(path=path, encoding="latin-1"), tmp_path).users["user_id"].to_list() == ["René", "u"]
    with pytest.raises(DataError, match="encoding"):
        read(File(path=path, encoding="utf-16"), tmp_path)


def test_a_parquet_column_of_a_wrong_type(tmp_path):
    pl.DataFrame({"user_id": [1.5], "item_id": [1]}).write_parquet(tmp_path / "log.parquet")
    with pytest.raises(DataError, match=r"log\.parquet.*'user_id'.*Float64"):
        read(File(path=str(tmp_path / "log.parquet")), tmp_path)
    (tmp_path / "log.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(DataError, match=r"log\.parquet cannot be read"):
        read(File(path=str(tmp_path / "log.parquet")), tmp_path)


def test_paths_that_name_nothing(tmp_path):
    with pytest.raises(DataError, match=r"dataset\.path"):
        File().load(tmp_path)
    with pytest.raises(DataError, match="names no file"):
        File(path=str(tmp_path / "nothing*.csv")).load(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"separator": "::"}, "separator"),
        ({"encoding": "klingon"}, "encoding"),
        ({"time_format": "yesterday"}, "time_format"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"kinds": {"view": 1.0}}, "columns.kind"),
        ({"kinds": {"view": -1.0}, "columns": LogColumns(kind="k")}, "kinds.view must be a weight of at least 0"),
        ({"kinds": {"view": 0.0}, "columns": LogColumns(kind="k")}, "kinds must name a kind with a weight above 0"),
        (
            {"kinds": {"view": 1.0}, "target_kinds": ("buy",), "columns": LogColumns(kind="k")},
            r"target_kinds .*\(view\)",
        ),
        (
            {"kinds": {"view": 1.0}, "target_kinds": (), "columns": LogColumns(kind="k")},
            "target_kinds must name a kind",
        ),
        ({"target_kinds": ("buy",)}, "target_kinds needs kinds"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        File(**settings)


def test_shipped_settings_are_the_defaults():
    assert load_component("dataset", "file") == File()
    assert load_component("cleaning", "standard") == CleaningRules()
    assert load_component("privacy", "off") == Privacy()
    assert load_component("privacy", "pseudonymise") == Privacy(pseudonymise=True)
    assert load_component("cleaning", "none").outliers.action == "none"
    mapped = load_component("dataset", "file", {"kinds": {"view": 1, "cart": 2}, "columns": {"kind": "event"}})
    assert mapped == dataclasses.replace(File(), kinds={"view": 1, "cart": 2}, columns=LogColumns(kind="event"))


def test_text_that_is_not_utf8_in_the_times(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"user_id,item_id,timestamp\nu,i,M\xe4rz\n")
    with pytest.raises(DataError, match=r"log\.csv.*dataset\.encoding"):
        read(File(path=str(path)), tmp_path)


def test_a_wrong_number_in_a_table_of_features(tmp_path):
    source = File(
        path=write(tmp_path / "log.csv", "user_id,item_id\n1,a\n"),
        user_numbers=("age",),
        user_features=write(tmp_path / "users.csv", "user_id,age\n1,old\n"),
    )
    with pytest.raises(DataError, match=r"user_features.*old.*Correct these values"):
        read(source, tmp_path)
