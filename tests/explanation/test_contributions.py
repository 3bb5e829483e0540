"""Parts of an interest add up to it, whatever the filter."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.domain import NewUsers, VirtualBehaviour
from tasks.explanation import contributions
from tasks.explanation.contributions import interest_at
from tasks.recommenders.attention.attention_filter import AttentionFilter
from tasks.recommenders.ease import EASE
from tasks.recommenders.ials import IALS
from tasks.recommenders.item_knn import ItemKNNCosine
from tasks.recommenders.user_knn import UserKNNCosine, UserKNNPearson
from tests.worlds import block_new_users, block_training

ITEMS = 60
ASKED = np.array([10, 13, 22, 55])


def some(virtual: bool) -> NewUsers:
    """Users 1, 2, 4 and 1 again, so that none is taken for another."""
    users = block_new_users().users.select(np.array([1, 2, 4, 1]))
    if not virtual:
        return users
    weights, items = np.array([0.5, 0.25, 1.0, 0.5, 0.25], dtype=np.float32), np.array([4, 7, 13, 4, 7])
    matrix = csr_array((weights, items, np.array([0, 2, 2, 3, 5])), shape=(4, ITEMS))
    return users.with_virtual(VirtualBehaviour(matrix, "made_up", 0))


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize(
    "settings",
    [
        ItemKNNCosine(neighbours=20),
        EASE(),
        UserKNNCosine(neighbours=30),
        UserKNNPearson(neighbours=30),
        AttentionFilter(neighbours=30),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_parts_add_up(settings: Any, virtual: bool) -> None:
    fitted, users = settings.fit(block_training()), some(virtual)
    whole = interest_at(fitted.interest(users), ASKED)
    found = contributions(fitted, users, ASKED)
    by_items = np.asarray(found.items.sum(axis=1)).ravel()
    by_neighbours = 0 if found.neighbours is None else np.asarray(found.neighbours.sum(axis=1)).ravel()
    if isinstance(settings, UserKNNCosine | UserKNNPearson):
        # Items and neighbours are two views of the same.
        assert by_items == pytest.approx(whole, rel=1e-4, abs=1e-6)
        assert by_neighbours == pytest.approx(whole, rel=1e-4, abs=1e-6)
    else:
        assert np.maximum(by_items + by_neighbours, 0) == pytest.approx(whole, rel=1e-4, abs=1e-6)
    assert whole.max() > 0
    of_support = found.of_support(users)
    assert len(of_support) == len(users.items)
    if not virtual:
        assert np.bincount(users.rows.row_of_entry, of_support) == pytest.approx(by_items)


def test_other_filters_are_asked_without_each_item() -> None:
    fitted, users = IALS(factors=8, iterations=5).fit(block_training()), some(virtual=True)
    found = contributions(fitted, users, np.array([22, 5, 1, 22]))
    first = slice(*found.items.indptr[:2])
    assert sorted(found.items.indices[first].tolist()) == sorted([*users.items[:3].tolist(), 4, 7])
    assert (found.of_support(users)[:3] > 0).all()
    alone = users.select(np.array([0]))
    without = alone.keeping(np.arange(3) != 1)
    whole, less = (interest_at(fitted.interest(one), np.array([22]))[0] for one in (alone, without))
    assert found.of_support(users)[1] == pytest.approx(whole - less, rel=1e-5)


def test_what_is_no_filter_is_refused() -> None:
    with pytest.raises(TypeError, match="collaborative filter"):
        contributions(object(), some(virtual=False), ASKED)
