import numpy as np
import pytest

from tasks.domain import NO_ITEM
from tasks.evaluation import hits as module
from tasks.evaluation.hits import Hits, look_up
from tests.evaluation.lists import random_lists, targets_of


@pytest.mark.parametrize("marks", [1, 500, 1 << 20])
def test_lookup_agrees_with_a_dense_one_whatever_the_block(marks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MARKS", marks)
    ids, targets = random_lists(users=101, items=40, length=7, seed=0, short=True)
    dense = targets.toarray() > 0
    expected = np.take_along_axis(dense, np.maximum(ids, 0), axis=1) & (ids != NO_ITEM)
    np.testing.assert_array_equal(look_up(ids, targets), expected)


def test_a_place_without_an_item_is_no_hit_even_where_the_last_item_is_a_target() -> None:
    ids = np.array([[NO_ITEM, NO_ITEM], [2, NO_ITEM]], dtype=np.int32)
    assert look_up(ids, targets_of([[2], [2]], items=3)).tolist() == [[False, False], [True, False]]


def test_lists_and_targets_of_different_users_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, K\)"):
        look_up(np.zeros((3, 2), dtype=np.int32), targets_of([[0], [1]], items=3))


@pytest.mark.parametrize("item", [-2, 3])
def test_an_id_that_is_no_item_is_refused(item: int) -> None:
    with pytest.raises(ValueError, match="must lie in -1 … 2"):
        look_up(np.array([[item]], dtype=np.int32), targets_of([[0]], items=3))


def test_nobody_is_no_error() -> None:
    hits = Hits.of(np.zeros((0, 5), dtype=np.int32), targets_of([], items=3))
    assert hits.found.shape == (0, 5)


def test_targets_outside_the_catalogue_are_counted_only_when_asked_for() -> None:
    hits = Hits.of(np.array([[0]], dtype=np.int32), targets_of([[0, 1]], items=3))
    assert hits.targets.tolist() == [2]
    assert hits.with_further_targets(np.array([3])).targets.tolist() == [5]
