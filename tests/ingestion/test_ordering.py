import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tasks.ingestion.identifiers import Coded
from tasks.ingestion.ordering import sort_rows, sort_ties

LENGTHS = st.integers(1, 30)


@given(
    LENGTHS.flatmap(
        lambda n: st.tuples(
            *(
                arrays.arrays(dtype, n, elements=values)
                for dtype, values in (
                    (np.int32, st.integers(0, 3)),
                    (np.int64, st.one_of(st.integers(-3, 3), st.sampled_from([2**62, -(2**62), 60_000_000]))),
                    (np.uint64, st.integers(0, 2)),
                )
            )
        )
    )
)
def test_as_lexsort(columns):
    order, starts = sort_rows(columns)
    assert np.array_equal(order, np.lexsort(tuple(reversed(columns))))
    rows = [tuple(column[row] for column in columns) for row in order]
    assert starts.tolist() == [True, *(here != before for here, before in zip(rows[1:], rows[:-1], strict=True))]


@given(
    LENGTHS.flatmap(
        lambda n: st.tuples(
            arrays.arrays(np.int32, n, elements=st.integers(0, 2)),
            arrays.arrays(np.float32, n, elements=st.sampled_from([1.0, 2.0, np.nan])),
        )
    )
)
def test_ties_are_sorted_and_equals_found(columns):
    whole, amounts = columns
    order, starts = sort_rows([whole])
    same = sort_ties(order, starts, [amounts])
    rows = [(whole[row], str(amounts[row])) for row in order]
    assert rows == sorted(rows)
    assert same.tolist() == [False, *(here == before for here, before in zip(rows[1:], rows[:-1], strict=True))]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series(["b", None, "a", "b", "é"]),
        pl.Series([3, 1, 3, 2**62, -(2**62)]),
        pl.Series([3, None, 1], dtype=pl.Int64),
        pl.Series([2**64 - 1, 0], dtype=pl.UInt64),
        pl.Series([1.5, None, -1.0]),
        pl.Series([None, None], dtype=pl.String),
        pl.Series([], dtype=pl.Int64),
    ],
)
def test_coding_a_column_and_back(values):
    coded = Coded.of(values)
    assert coded.values.to_list() == sorted(set(values.drop_nulls()))
    assert coded.decode(coded.codes).to_list() == values.to_list()
    assert coded.find(values).tolist() == coded.codes.tolist()
    if len(coded.values):
        turned = coded.reordered(np.arange(len(coded.values))[::-1])
        assert turned.decode(turned.codes).to_list() == values.to_list()
