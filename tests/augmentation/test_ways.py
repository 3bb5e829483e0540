import dataclasses

import numpy as np
import pytest

from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.augmentation.none import NoAugmentation
from tasks.augmentation.policy import Policy
from tasks.augmentation.virtual_neighbours import VirtualNeighbours, draw_items
from tests.augmentation.made_up import BlockGenerator, FixedGenerator
from tests.worlds import block_new_users, block_training

GENERATOR = BlockGenerator()
WAY = CompleteProfiles(Policy(items=5))


def test_virtual_items_lie_in_the_users_own_block_and_outside_the_support() -> None:
    users = block_new_users().users
    virtual = WAY.complete(GENERATOR, users, seed=3)
    assert virtual.matrix.shape == (30, 60)
    assert np.diff(virtual.matrix.indptr).tolist() == [5] * 30
    row, item = virtual.matrix.nonzero()
    assert (item % 3 == row % 3).all()
    assert users.support(60).multiply(virtual.matrix).nnz == 0
    assert virtual.origin == "block"
    assert virtual.seed == 3


def test_the_result_is_sparse_sorted_float32_and_sized_by_users_times_items_kept() -> None:
    matrix = WAY.complete(GENERATOR, block_new_users().users, seed=0).matrix
    assert matrix.dtype == np.float32
    assert matrix.has_sorted_indices
    assert matrix.nnz == 30 * 5


def test_a_users_virtual_items_depend_on_neither_the_block_nor_the_other_users() -> None:
    users = block_new_users().users
    whole = WAY.complete(GENERATOR, users, seed=0).matrix
    few = np.array([17, 4, 29])
    other_blocks = dataclasses.replace(GENERATOR, block_length=2)
    part = WAY.complete(other_blocks, users.select(few), seed=0).matrix
    np.testing.assert_array_equal(part.toarray(), whole[few].toarray())


def test_the_seed_changes_the_draws() -> None:
    users = block_new_users().users
    first, again, other = (WAY.complete(GENERATOR, users, seed).matrix for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.toarray(), again.toarray())
    assert (first.toarray() != other.toarray()).any()


def test_users_without_support_are_completed_with_full_weight_and_others_with_less() -> None:
    way = CompleteProfiles(Policy(items=5, weight=2.0, kappa=3.0))
    strongest = {
        shots: way.complete(GENERATOR, block_new_users(shots=shots).users, 0).matrix.max(axis=1).toarray()
        for shots in (0, 3)
    }
    assert strongest[0] == pytest.approx(2.0)
    assert strongest[3] == pytest.approx(1.0)


def test_a_generator_that_expects_nothing_gives_no_behaviour() -> None:
    users = block_new_users(users=3).users
    virtual = CompleteProfiles(Policy(draws=1)).complete(FixedGenerator(np.zeros((1, 3, 60), np.float32)), users, 0)
    assert virtual.matrix.nnz == 0
    assert virtual.matrix.shape == (3, 60)


def test_nobody_is_no_error() -> None:
    users = block_new_users().users.select(np.zeros(30, dtype=np.bool_))
    assert WAY.complete(GENERATOR, users, 0).matrix.shape == (0, 60)


def test_each_way_does_its_own_part_only() -> None:
    users, training = block_new_users().users, block_training()
    assert WAY.neighbours(GENERATOR, training, 0) is None
    assert VirtualNeighbours().complete(GENERATOR, users, 0) is None
    assert NoAugmentation().complete(GENERATOR, users, 0) is None
    assert NoAugmentation().neighbours(GENERATOR, training, 0) is None


def test_virtual_neighbours_keep_to_a_block_and_join_the_fit() -> None:
    training = block_training()
    virtual = VirtualNeighbours(share=0.5, items=6, weight=0.25).neighbours(GENERATOR, training, seed=0)
    assert virtual.matrix.shape == (60, 60)  # half of 120 warm users
    row, item = virtual.matrix.nonzero()
    blocks = item % 3
    first = blocks[np.searchsorted(row, np.arange(60))]
    assert (blocks == first[row]).all()
    assert (np.diff(virtual.matrix.indptr) >= 6).all()
    assert set(np.unique(virtual.matrix.data)) == {np.float32(0.25)}
    assert training.with_virtual_rows(virtual).behaviour().shape == (180, 60)


def test_virtual_neighbours_are_not_copies_of_each_other_and_follow_the_seed() -> None:
    training, way = block_training(), VirtualNeighbours(share=1.0, items=6)
    first, again, other = (way.neighbours(GENERATOR, training, seed).matrix.toarray() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(np.unique(first, axis=0)) > 100


def test_virtual_neighbours_need_episodes() -> None:
    training = dataclasses.replace(block_training(), episodes=())
    with pytest.raises(ValueError, match="episodes"):
        VirtualNeighbours().neighbours(GENERATOR, training, 0)


@pytest.mark.parametrize("settings", [{"share": 0.0}, {"items": 0}, {"weight": -1.0}])
def test_a_setting_out_of_range_is_named(settings: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        VirtualNeighbours(**settings)


def test_items_are_drawn_by_their_probability_without_replacement() -> None:
    probabilities = np.tile(np.array([0.5, 0.3, 0.2, 0.0], dtype=np.float32), (20_000, 1))
    items, there = draw_items(probabilities, 2, np.arange(20_000, dtype=np.uint64), seed=0)
    assert there.all()
    assert (items[:, 0] != items[:, 1]).all()
    shares = np.bincount(items[:, 0], minlength=4) / 20_000
    assert shares == pytest.approx([0.5, 0.3, 0.2, 0.0], abs=0.015)
    # The second: P(item 1 | the first was 0) = 0.3 / 0.5.
    second = items[items[:, 0] == 0, 1]
    assert (second == 1).mean() == pytest.approx(0.6, abs=0.02)
