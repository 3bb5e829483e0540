import numpy as np
import pytest

from tasks.domain import TopK
from tasks.evaluation.zero_shots import PopularityAtZeroShots, select_popularity
from tests.augmentation.made_up import BlockGenerator
from tests.augmentation.test_ways import WAY
from tests.evaluation.rankers import ScoredBy, constant, own_block
from tests.worlds import block_new_users


def test_the_form_with_the_best_ndcg_at_0_shots_is_selected() -> None:
    posed = [block_new_users(shots=shots) for shots in (3, 0)]
    forms = {"popularity": ScoredBy(constant), "segment_popularity": ScoredBy(own_block)}
    assert select_popularity(forms, posed) == "segment_popularity"


def test_equal_forms_leave_the_choice_to_their_order() -> None:
    posed = [block_new_users(shots=0)]
    assert select_popularity({"b": ScoredBy(own_block), "a": ScoredBy(own_block)}, posed) == "b"


def test_without_0_shots_there_is_nothing_to_select_by() -> None:
    with pytest.raises(ValueError, match="0 shots"):
        select_popularity({"popularity": ScoredBy(constant)}, [block_new_users(shots=3)])


def lists_of(ranker: PopularityAtZeroShots | ScoredBy, users: object) -> TopK:
    return ranker.top_k(users, 5)  # type: ignore[arg-type]


def test_users_without_behaviour_get_what_popularity_gives_them_and_others_what_the_ranker_does() -> None:
    nobody_known, known = block_new_users(shots=0).users, block_new_users(shots=3).users
    popularity, ranker = ScoredBy(constant), ScoredBy(own_block)
    both = PopularityAtZeroShots(ranker, popularity)
    np.testing.assert_array_equal(lists_of(both, nobody_known).ids, lists_of(popularity, nobody_known).ids)
    np.testing.assert_array_equal(lists_of(both, known).ids, lists_of(ranker, known).ids)


def test_a_mixed_block_is_put_together_in_the_order_of_the_users() -> None:
    users = block_new_users(shots=3).users
    random = np.random.default_rng(0)
    lengths = np.where(random.random(30) < 0.5, 0, 3)
    from tasks.domain import NewUsers, Ragged

    chosen = np.repeat(lengths > 0, 3)
    mixed = NewUsers(
        rows=Ragged.from_lengths(lengths),
        items=users.items[chosen],
        times=None,
        weights=users.weights[chosen],
        features=users.features,
        now=None,
        ids=users.ids,
    )
    popularity, ranker = ScoredBy(constant), ScoredBy(own_block)
    lists = lists_of(PopularityAtZeroShots(ranker, popularity), mixed)
    expected = np.where((lengths == 0)[:, None], lists_of(popularity, mixed).ids, lists_of(ranker, mixed).ids)
    np.testing.assert_array_equal(lists.ids, expected)


def test_virtual_behaviour_is_behaviour() -> None:
    users = block_new_users(shots=0).users
    completed = users.with_virtual(WAY.complete(BlockGenerator(), users, seed=0))
    popularity, ranker = ScoredBy(constant), ScoredBy(own_block)
    lists_of(PopularityAtZeroShots(ranker, popularity), completed)
    assert popularity.calls == []
    assert ranker.calls == [30]
