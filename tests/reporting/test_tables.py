import polars as pl
import pytest

from tasks.reporting.tables import ABSENT, Table, shots_table, to_markdown
from tests.reporting.cells import made_up_cells

CELLS = made_up_cells(methods=["popularity", "item_knn"], shots=["0", "1"])


def test_rows_are_figures_and_methods_columns_are_shots() -> None:
    table = shots_table(CELLS, "next_visits")
    assert table.columns == ("figure", "method", "s = 0", "s = 1", "mean, s ≥ 1")
    assert table.rows[0] == ("HR@10", "popularity", "0.1000", "0.2000", "0.3000")
    assert table.rows[3] == ("NDCG@10", "item_knn", "0.0200", "0.0300", "0.0400")
    assert table.rows[-1] == ("users", "", "120", "120", "120")


def test_the_best_of_each_column_and_figure_stands_out() -> None:
    assert shots_table(CELLS, "next_visits").strong == {(row, column) for row in (1, 3) for column in (2, 3, 4)}


def test_equal_figures_all_stand_out_and_a_single_one_does_not() -> None:
    even = CELLS.with_columns(value=pl.lit(0.5))
    assert len(shots_table(even, "next_visits", [("ndcg", 10)]).strong) == 6
    assert shots_table(CELLS, "next_visits", methods=["item_knn"]).strong == set()


def test_a_missing_figure_is_a_dash_and_never_the_best() -> None:
    missing = CELLS.filter(~((pl.col("method") == "item_knn") & (pl.col("shots") == "0")))
    table = shots_table(missing, "next_visits", [("ndcg", 10)])
    assert table.rows[1][2] == ABSENT
    unknown = CELLS.with_columns(value=pl.when(pl.col("method") == "item_knn").then(float("nan")).otherwise("value"))
    assert shots_table(unknown, "next_visits", [("ndcg", 10)]).strong == set()


def test_a_question_that_was_not_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="rest was not evaluated; there is next_visits"):
        shots_table(CELLS, "rest")


def test_markdown() -> None:
    table = Table("Title", ("name", "value"), (("a|b", "1"), ("c", "2")), frozenset({(1, 1)}))
    assert to_markdown(table) == "Title:\n\n| name | value |\n| --- | ---: |\n| a\\|b | 1 |\n| c | **2** |\n"


def test_rows_of_another_length_than_the_headings_are_refused() -> None:
    with pytest.raises(ValueError, match="2 texts per row"):
        Table("Title", ("a", "b"), (("1",),))
