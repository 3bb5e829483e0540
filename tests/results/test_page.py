import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from tasks.errors import DataError
from tasks.reporting.results.charts import accuracy_figure, headline_figure, shown_methods
from tasks.reporting.results.comparisons import ablation_table, placebo_table
from tasks.reporting.results.conditions import populations_table, tuning_table
from tasks.reporting.results.headline import goals_table, headline_table
from tasks.reporting.results.inside import segments_table, shares_table
from tasks.reporting.results.lists import lists_table
from tasks.reporting.results.methods import bar_table, methods_table
from tasks.reporting.results.page import write_page
from tasks.reporting.results.wording import duration, p_value, percent
from tasks.results.goals import goals_of
from tasks.results.lookup import Lookup
from tasks.results.store import read_results
from tasks.results.summary import read_summary, write_summary
from tests.results.made_up import made_up_cell, made_up_users, small_study, write_made_up

RESAMPLES = 400
STUDY = [*small_study(), *small_study("online_retail", "this_visit")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = write_made_up(tmp_path_factory.mktemp("results"), STUDY)
    write_summary(written, RESAMPLES)
    return written


@pytest.fixture(scope="module")
def lookup(folder: Path) -> Lookup:
    return Lookup(read_summary(folder))


def page(folder: Path, out: Path, reading: Path | None = None) -> str:
    return write_page(folder, out / "results.md", out / "images" / "results", reading, "make it")[0].read_text()


def test_the_headline_is_the_gain_over_the_references(lookup: Lookup) -> None:
    table = headline_table(lookup, "test users")
    assert table.rows[1] == (
        "ta_feng",
        "next_visits",
        "80",
        "0.2000",
        "0.2300",
        "+15.0 % (+15.0 % … +15.0 %)",
        "`popularity` (s = 0, 1), `ease` (s = 3, 5, 10, all)",
    )


def test_methods_by_role_with_marks(lookup: Lookup) -> None:
    table = methods_table(lookup, lookup.places[1], "ndcg")
    assert table.columns == (
        *("role", "method", "s = 0", "s = 1", "s = 3", "s = 5", "s = 10", "s = all"),
        "mean, s ≥ 1",
    )
    rows = {row[1]: row for row in table.rows}
    assert list(rows)[:3] == ["popularity", "ease", "user_knn_cosine"]
    assert rows["popularity"][2:5] == ("0.1000†", "0.1000†", "0.1000")
    assert rows["ease"][2:5] == ("0.1000", "0.0500", "0.1500†")
    assert rows["hybrid"][2:] == ("0.1150▲", "0.1150▲", "0.1725▲", "0.2300▲", "0.2875▲", "0.3450▲", "0.2300")
    assert rows["reference of each s"][2:] == ("0.1000", "0.1000", "0.1500", "0.2000", "0.2500", "0.3000", "0.2000")
    assert rows["users"][2:] == ("80",) * 7
    place = list(rows).index("hybrid")
    assert table.strong == {(place, column) for column in range(2, 9)}
    assert not any("▲" in text for row in methods_table(lookup, lookup.places[1], "hit_rate").rows for text in row)


def test_a_hybrid_that_is_worse_is_marked_so(tmp_path: Path) -> None:
    cells = [made_up_cell("popularity", [0.2] * 6), made_up_cell("hybrid", [0.1] * 6, role="ours")]
    found = Lookup(write_summary(write_made_up(tmp_path, cells), RESAMPLES))
    assert methods_table(found, found.places[0], "ndcg").rows[1][2] == "0.1000▼"


def test_the_reference_stands_beside_the_best_in_hindsight(tmp_path: Path) -> None:
    cells = [
        made_up_cell("popularity", [0.1] * 6, half_a=[0.3] * 6),
        made_up_cell("ease", [0.2] * 6, half_a=[0.1] * 6),
    ]
    found = Lookup(write_summary(write_made_up(tmp_path, cells), RESAMPLES))
    assert [row[:3] for row in bar_table(found, found.places[0]).rows] == [
        ("reference, chosen on half A", "method", "popularity"),
        ("", "NDCG@10", "0.1000"),
        ("best baseline here", "method", "ease"),
        ("", "NDCG@10", "0.2000"),
    ]


def test_placebos_and_ablations(lookup: Lookup) -> None:
    p = 1 / (RESAMPLES + 1)
    assert placebo_table(lookup).rows[1] == (
        *("ta_feng", "next_visits", "fill_popular", "0.1400", "+28.6 % (+28.6 % … +28.6 %)"),
        *(f"{p:.4f}", f"{2 * p:.4f}", "yes"),
    )
    hybrid, without = ablation_table(lookup).rows[2:]
    assert hybrid == ("ta_feng", "next_visits", "hybrid", "0.2300", "–", "+15.0 % (+15.0 % … +15.0 %)")
    assert without[3:] == ("0.2000", "−9.1 % (−9.1 % … −9.1 %)", "0.0 % (0.0 % … 0.0 %)")


def test_what_the_hybrid_is_made_of_and_for_whom(folder: Path, lookup: Lookup) -> None:
    place = lookup.places[1]
    shares = shares_table(lookup, read_results(folder), place)
    assert shares is not None
    assert [row[:2] for row in shares.rows] == [
        ("share of generator", "25.0 %"),
        ("share of ease", "75.0 %"),
        ("NDCG@10 of hybrid", "0.1150"),
        ("NDCG@10 of hybrid_no_virtual", "0.1000"),
    ]
    segments = segments_table(lookup, place)
    assert segments is not None
    assert segments.rows[0][:2] == ("first_visit: 1", "40")
    assert segments.rows[0][-1] == "+15.0 % (+15.0 % … +15.0 %)"


def test_lists_users_and_edges(folder: Path, lookup: Lookup) -> None:
    methods = [row[2] for row in lists_table(lookup).rows if row[0] == "ta_feng"]
    assert methods == ["hybrid", "reference", "popularity", "ease", "generator"]
    assert lists_table(lookup).rows[0][3:] == ("0.0500", "0.0400", "0.9000", "6.0000")
    assert populations_table(lookup).rows[0][3:] == ("80", "70", "60", "50", "40", "–")
    assert tuning_table(read_results(folder)).rows[1] == ("ta_feng", "next_visits", "ease", "regularisation")


def test_goals_of_a_benchmark_of_few_methods_are_one_line(tmp_path: Path) -> None:
    few = [cell for cell in small_study() if cell.key.method in ("popularity", "ease")]
    folder = write_made_up(tmp_path / "few", few)
    write_summary(folder, RESAMPLES)
    lines = page(folder, tmp_path).splitlines()
    told = lines[lines.index("## Goals") + 2]
    assert re.fullmatch(r"None of the \d+ goals was measured: they are about the hybrid beside all baselines\.", told)
    assert lines[lines.index("## Goals") + 4].startswith("## ")


def test_goals_say_held_or_missed(folder: Path, lookup: Lookup) -> None:
    rows = goals_table(goals_of(lookup, read_results(folder))).rows
    assert rows[0][1:] == ("ta_feng", "+15.0 %", "+15.0 % … +15.0 %", "**held**")
    assert rows[2][1:] == ("rent_the_runway", "–", "–", "not measured")


def test_the_page_regenerates_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    reading = tmp_path / "reading.md"
    reading.write_text("It *holds*.\n")
    both = []
    for name in ("a", "b"):
        with mpl.rc_context({"lines.linewidth": 5.0, "svg.hashsalt": name, "font.size": 20}):
            write_page(folder, tmp_path / name / "x.md", tmp_path / name / "images", reading, "make it")
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        both.append({path.relative_to(tmp_path / name).as_posix(): path.read_bytes() for path in files})
    assert both[0] == both[1]
    assert set(both[0]) == {"x.md"} | {
        f"images/{place}_{metric}.svg"
        for place in ("ta_feng_next_visits", "online_retail_this_visit")
        for metric in ("ndcg", "hit_rate")
    }
    assert not re.search(rb"dc:date|Matplotlib v", both[0]["images/ta_feng_next_visits_ndcg.svg"])
    assert mpl.rcParams["svg.hashsalt"] is None


def test_the_page_holds_all_its_parts(folder: Path, tmp_path: Path) -> None:
    reading = tmp_path / "reading.md"
    reading.write_text("It *holds*.\n")
    text = page(folder, tmp_path, reading)
    assert "(images/results/ta_feng_next_visits_ndcg.svg)" in text
    assert "make it" in text
    assert text.endswith("## A plain reading\n\nIt *holds*.\n")
    assert "* processor: A processor" in text
    assert "* total time: 2 h 03 min" in text
    headings = re.findall(r"^## (.*)", text, re.MULTILINE)
    assert headings == [
        "What was gained",
        "Goals",
        "online_retail: the rest of the first visit (this_visit)",
        "ta_feng: what later visits bring (next_visits)",
        "Ordering a given list",
        "Who will buy an item",
        "Whether explanations hold",
        "Placebo fills",
        "Ablations",
        "Beyond accuracy",
        "What carries the hybrid",
        "Gain by segment",
        "Users",
        "Tuning and time",
        "Hardware and total time",
        "A plain reading",
    ]
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert all(len({line.count(" | ") for line in table.splitlines()}) == 1 for table in tables)


@pytest.mark.parametrize(
    "cells",
    [
        [made_up_cell("popularity", [0.1, 0.2], dataset="ml_100k", question="rest")],
        [made_up_cell("hybrid", [0.1] * 6, role="ours")],
        [made_up_cell("own", [0.1] * 6, role="own"), made_up_cell("fill_random", [0.1] * 6, role="placebo")],
    ],
    ids=["a baseline", "the hybrid", "no reference"],
)
def test_what_was_not_run_is_said(cells: list, tmp_path: Path) -> None:
    write_made_up(tmp_path, cells, environment={})
    found = Lookup(write_summary(tmp_path, 20))
    text = page(tmp_path, tmp_path / "out")
    assert "Not measured: placebo fills" in text
    assert "Not measured: hardware and time." in text
    assert "None was written" in text
    assert not re.search(r"\bnan\b", text)
    headline_figure(found, tmp_path / "headline.svg")


def test_results_without_a_summary_are_refused(tmp_path: Path) -> None:
    write_made_up(tmp_path, STUDY)
    with pytest.raises(DataError, match=r"summary\.parquet"):
        page(tmp_path, tmp_path)


def test_charts_draw_a_few_methods(lookup: Lookup) -> None:
    place = lookup.places[1]
    names = ("hybrid", "reference", "popularity", "ease", "generator", "user_knn_cosine_virtual")
    assert shown_methods(lookup, place) == names
    (axes,) = accuracy_figure(lookup, place, "ndcg").axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert tuple(drawn) == names
    assert drawn["reference"] == pytest.approx([0.1, 0.1, 0.15, 0.2, 0.25, 0.3], rel=1e-6)
    assert axes.get_title().startswith("ta_feng, NDCG@10")


def test_the_headline_is_about_later_visits_and_the_same_again(lookup: Lookup, tmp_path: Path) -> None:
    first, second = (headline_figure(lookup, tmp_path / name / "headline.svg") for name in ("a", "b"))
    assert first is not None
    assert second is not None
    assert first.read_bytes() == second.read_bytes()
    comments = first.read_text()
    assert "ta_feng" in comments
    assert "online_retail" not in comments  # which answers this_visit only
    ElementTree.fromstring(comments)


def test_wording() -> None:
    assert [percent(value) for value in (0.1234, -0.02, 0.0, -0.0001, None)] == [
        "+12.3 %",
        "−2.0 %",
        "0.0 %",
        "0.0 %",
        "–",
    ]
    assert [duration(value) for value in (12.34, 75, 7384, None)] == ["12.3 s", "1 min 15 s", "2 h 03 min", "–"]
    assert [p_value(value) for value in (0.00009999, 0.05, None)] == ["< 0.0001", "0.0500", "–"]


def test_users_may_have_no_segments(tmp_path: Path) -> None:
    from tasks.results.store import write_users

    write_made_up(tmp_path, small_study())
    write_users(tmp_path, "ta_feng", "next_visits", made_up_users().drop("segment_first_visit"))
    write_summary(tmp_path, 20)
    assert "Not measured: segments." in page(tmp_path, tmp_path)
