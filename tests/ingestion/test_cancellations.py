import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingestion.cleaning.cancellations import NEVER, cancelled_at


def cancel(rows: list[tuple[int, int, float, bool]]) -> list[int | None]:
    """Rows of (pair, time, quantity, is_cancellation)."""
    pairs, times, quantities, taken = zip(*rows, strict=True)
    when = cancelled_at(
        np.array(pairs, dtype=np.int64),
        np.array(times, dtype=np.int64),
        np.array(quantities, dtype=np.float32),
        np.array(taken),
    )
    return [None if moment == NEVER else int(moment) for moment in when]


BOUGHT, TAKEN = False, True


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(0, 1, 2, BOUGHT), (0, 5, 2, TAKEN)], [5, None], id="in full"),
        pytest.param([(0, 1, 2, BOUGHT), (0, 5, 1, TAKEN)], [None, None], id="in part"),
        pytest.param([(0, 1, 2, BOUGHT), (0, 5, 1, TAKEN), (0, 7, 1, TAKEN)], [7, None, None], id="in two parts"),
        pytest.param([(0, 1, 1, BOUGHT), (0, 2, 1, BOUGHT), (0, 3, 1, TAKEN)], [None, 3, None], id="the latest"),
        pytest.param([(0, 1, 1, BOUGHT), (0, 2, 1, BOUGHT), (0, 3, 2, TAKEN)], [3, 3, None], id="then the one before"),
        pytest.param([(0, 5, 1, BOUGHT), (0, 3, 1, TAKEN)], [None, None], id="not before it was bought"),
        pytest.param([(0, 3, 1, TAKEN), (0, 3, 1, BOUGHT)], [None, 3], id="at the same time"),
        pytest.param([(0, 1, 1, BOUGHT), (1, 2, 1, TAKEN)], [None, None], id="of another pair"),
        pytest.param([(0, 1, 1, BOUGHT), (0, 2, 9, TAKEN), (0, 3, 1, BOUGHT)], [2, None, None], id="no credit is kept"),
        pytest.param([(0, 1, float("nan"), BOUGHT), (0, 2, float("nan"), TAKEN)], [2, None], id="unknown means one"),
        pytest.param([(0, 1, 1, BOUGHT), (0, 2, -1, TAKEN)], [2, None], id="the sign is ignored"),
    ],
)
def test_known_cases(rows, expected):
    assert cancel(rows) == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(1, 3).map(float), st.booleans()),
        min_size=1,
        max_size=15,
    )
)
def test_as_taking_back_one_piece_at_a_time(rows):
    expected: list[int | None] = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda n: (rows[n][0], rows[n][1], rows[n][3], rows[n][2], n))
    pieces: list[int] = []
    left = [row[2] for row in rows]
    pair = None
    for row in order:
        if rows[row][0] != pair:
            pair, pieces = rows[row][0], []
        if not rows[row][3]:
            pieces += [row] * int(rows[row][2])
            continue
        for _ in range(int(rows[row][2])):
            if pieces:
                bought = pieces.pop()
                left[bought] -= 1
                if left[bought] == 0:
                    expected[bought] = rows[row][1]
    assert cancel(rows) == expected
