"""Ordering given lists: what is in them, and what scorers get whose order is known."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.domain import NO_ITEM
from tasks.uses import USES
from tasks.uses.given_lists import Decoys
from tests.uses.cases import BLOCKS, ITEMS, case, constant, knows_blocks, knows_targets, world

RERANK = USES["rerank"]


def mean(frame: object, column: str) -> float:
    return float(frame[column].mean())  # type: ignore[index]


def test_decoys_are_never_what_a_user_is_shown_or_takes_at_any_number_of_shots() -> None:
    posed = world(0, 3, None)
    decoys = Decoys.drawn(posed, np.ones(ITEMS), 20)
    assert (decoys.items != NO_ITEM).all()
    for one in posed:
        for user in range(len(one.users)):
            own = one.users.items[one.users.rows.indptr[user] : one.users.rows.indptr[user + 1]]
            taken = one.targets.indices[one.targets.indptr[user] : one.targets.indptr[user + 1]]
            assert not set(decoys.items[user]) & (set(own) | set(taken))
            assert len(set(decoys.items[user])) == 20


def test_a_list_is_what_a_user_takes_and_the_decoys_whoever_else_is_asked() -> None:
    (posed,) = world(3)
    decoys = Decoys.drawn([posed], np.ones(ITEMS), 5)
    lists = decoys.lists(posed)
    assert (lists.rows.lengths == np.diff(posed.targets.indptr) + 5).all()
    first = slice(0, lists.rows.indptr[1])
    assert set(lists.items[first][lists.is_target[first]]) == set(posed.targets.indices[: posed.targets.indptr[1]])
    assert set(lists.items[first][~lists.is_target[first]]) == set(decoys.items[0])
    some = np.arange(0, 40, 2)
    alone = replace(posed, users=posed.users.select(some), targets=posed.targets[some], population=some)
    assert (Decoys.drawn([alone], np.ones(ITEMS), 5).items == decoys.items[some]).all()


def test_a_catalogue_that_runs_out_gives_shorter_lists() -> None:
    posed = world(3, None)
    decoys = Decoys.drawn(posed, np.ones(ITEMS), 100)
    assert ((decoys.items != NO_ITEM).sum(axis=1) == ITEMS - 8).all()  # each user touches eight items
    assert (Decoys.drawn(posed, np.zeros(ITEMS), 5).items == NO_ITEM).all()
    assert (decoys.lists(posed[0]).rows.lengths == ITEMS - 4).all()


def test_popular_items_are_drawn_as_often_as_they_weigh() -> None:
    (posed,) = world(0, users=3000)
    weights = np.where(np.arange(ITEMS) < 30, 3.0, 1.0)
    first = Decoys.drawn([posed], weights, 1).items[:, 0]
    # Everybody takes four of the items, of either kind alike.
    assert (first < 30).mean() == pytest.approx(0.75, abs=0.03)


def test_who_knows_the_targets_orders_perfectly_and_a_constant_like_chance() -> None:
    posed = world(0, 3)
    perfect = RERANK.measure("hybrid", case(*posed, ranker=knows_targets(posed[1])), case(*posed, ranker=constant()))
    assert (perfect.frame.drop("unit").to_numpy() == 1).all()
    random = RERANK.measure("random", case(*posed), case(*posed))
    assert perfect.half_a == random.half_a
    # Four targets among 57 items in any order: all but the three that are shown.
    discounts = 1 / np.log2(np.arange(10) + 2)
    expected = 4 / 57 * discounts.sum() / discounts[:4].sum()
    assert mean(random.frame, "ndcg_at_10_random/3") == pytest.approx(expected, abs=1e-4)


def test_the_true_order_of_the_block_world() -> None:
    posed = world(3)
    found = RERANK.measure("hybrid", case(*posed, ranker=knows_blocks()), case(*posed, ranker=knows_blocks()))
    # Of the 20 items of the user's block 3 are shown and 4 are targets: any order of 17, then the rest.
    discounts = 1 / np.log2(np.arange(10) + 2)
    assert ITEMS // BLOCKS == 20
    expected = 4 / 17 * discounts.sum() / discounts[:4].sum()
    assert mean(found.frame, "ndcg_at_10_random/3") == pytest.approx(expected, abs=1e-4)
    assert found.half_a["ndcg_at_10_popular/3"] == pytest.approx(expected, abs=1e-4)
