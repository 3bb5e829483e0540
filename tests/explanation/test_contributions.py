"""Parts of an interest add up to it, whatever the filter."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.domain import NewUsers, VirtualBehaviour
from tasks.explanation import contributions
from tasks.explanation.contributions import interest_in
from tasks.recommenders.attention.attention_filter import AttentionFilter
from tasks.recommenders.ials import IALS
from tasks.recommenders.item_knn import ItemKNNCosine
from tasks.recommenders.user_knn import UserKNNCosine
from tests.worlds import block_new_users, block_training

ITEMS = 60


def user(virtual: bool) -> NewUsers:
    one = block_new_users().users.select(np.array([1]))
    if not virtual:
        return one
    matrix = csr_array((np.array([0.5, 0.25], dtype=np.float32), np.array([4, 7]), np.array([0, 2])), shape=(1, ITEMS))
    return one.with_virtual(VirtualBehaviour(matrix, "made_up", 0))


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize(
    "settings", [ItemKNNCosine(neighbours=20), UserKNNCosine(neighbours=30), AttentionFilter(neighbours=30)]
)
def test_parts_add_up(settings: ItemKNNCosine | UserKNNCosine | AttentionFilter, virtual: bool) -> None:
    fitted, one = settings.fit(block_training()), user(virtual)
    interest = fitted.interest(one)
    for item in (10, 13, 22, 55):
        found = contributions(fitted, one, item)
        whole = interest_in(interest, item)[0]
        if isinstance(settings, UserKNNCosine):
            # Items and neighbours are two views of the same.
            assert found.item_values.sum() == pytest.approx(whole, rel=1e-4)
            assert found.neighbour_values.sum() == pytest.approx(whole, rel=1e-4)
        else:
            assert found.item_values.sum() + found.neighbour_values.sum() == pytest.approx(whole, rel=1e-4)
        assert set(one.items.tolist()) <= set(found.items.tolist())


def test_other_filters_are_asked_without_each_item() -> None:
    fitted, one = IALS(factors=8, iterations=5).fit(block_training()), user(virtual=True)
    found = contributions(fitted, one, 22)
    assert found.items.tolist() == [*one.items.tolist(), 4, 7]
    assert (found.item_values[:3] > 0).all()


def test_what_is_no_filter_is_refused() -> None:
    with pytest.raises(TypeError, match="collaborative filter"):
        contributions(object(), user(virtual=False), 1)
