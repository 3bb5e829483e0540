import polars as pl
import pytest

from tasks.model_format import ItemVocabulary


def test_numbers_are_found_whatever_type_a_file_gives_them():
    items = ItemVocabulary(pl.Series([30, 10, 20]))
    assert items.rows_of(pl.Series([10, 99, None])).tolist() == [1, -1, -1]
    assert items.rows_of(pl.Series(["10", " 020 ", "x", "10.5", ""])).tolist() == [1, 2, -1, -1, -1]
    assert items.rows_of(pl.Series([30.0, float("nan"), 10.5])).tolist() == [0, -1, -1]
    assert items.rows_of(pl.Series([2**64 - 1], dtype=pl.UInt64)).tolist() == [-1]


def test_text_is_found_from_numbers_too():
    items = ItemVocabulary(pl.Series(["30", "85123A", " blank "]))
    assert items.rows_of(pl.Series(["85123A", "85123a", "blank"])).tolist() == [1, -1, 2]
    assert items.rows_of(pl.Series([30, 31])).tolist() == [0, -1]


def test_the_table_comes_back():
    items = ItemVocabulary(pl.Series(["a", "b"]), pl.Series(["A", None]))
    again = ItemVocabulary.from_frame(items.to_frame())
    assert again.ids.to_list() == ["a", "b"]
    assert again.titles is not None
    assert again.titles.to_list() == ["A", None]
    assert ItemVocabulary.from_frame(ItemVocabulary(pl.Series([1])).to_frame()).titles is None


@pytest.mark.parametrize("ids", [["a", "a"], ["a", None]])
def test_ids_are_distinct(ids):
    with pytest.raises(ValueError, match="distinct"):
        ItemVocabulary(pl.Series(ids))
